"""The interface of the audit logs on disk: record events, and query them."""

from __future__ import annotations

import csv
import dataclasses
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO, TypedDict, Unpack

from hindsight_teams.audit.events import OUTCOMES, AuditEvent, Outcome, iso
from hindsight_teams.audit.hashing import Head, Link, Verification, verify
from hindsight_teams.errors import DatabaseLocked, DatabaseUnusable
from hindsight_teams.models import check_choice
from hindsight_teams.text import visible

NOT_READING = frozenset({"retain", "forget", "delete", "propose", "approve", "reject", "revoke", "promote"})
"""Verbs that name memories without showing them to anybody."""

BUSY_SECONDS = 10.0
"""How long a call waits for another process that holds the log."""

EXPORT_FORMATS = ("jsonl", "csv")
CSV_COLUMNS = tuple(f.name for f in dataclasses.fields(AuditEvent))


class Filter(TypedDict, total=False):
    """Which events; all that are given must hold.

    ``bank`` is a bank's short name or its id, ``memory_id`` an id with or without its bank (``bank#id``). ``since`` is
    inclusive, ``until`` is not.
    """

    team: str | None
    member: str | None
    user: str | None
    session: str | None
    run: str | None
    verb: str | None
    bank: str | None
    outcome: Outcome | None
    memory_id: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event with its place in the chain."""

    seq: int
    prev: str
    hash: str
    event: AuditEvent


class AuditStore(ABC):
    """An append-only, hash-chained log of audit events; an ``AuditSink``.

    Safe between threads and between processes. ``record`` returns when the entry is in the file (in the operating
    system's hands: a crash of the process loses nothing, a power cut may lose the last moments).

    Args:
        path: The file.
        keep_text: Store events' text too, with known kinds of secrets redacted.
    """

    def __init__(self, path: Path, *, keep_text: bool) -> None:
        self.path = path
        self.keeps_text = keep_text
        self._lock = threading.Lock()

    def record(self, event: AuditEvent) -> None:
        """Append one event.

        Raises:
            DatabaseUnusable: The file can't be written.
            DatabaseLocked: Another process held it too long.
        """
        if event.text is not None:
            event = dataclasses.replace(event, text=_without_secrets(event.text) if self.keeps_text else None)
        self._append(event.canonical())

    @abstractmethod
    def _append(self, payload: str) -> None: ...

    @contextmanager
    def _turn(self, until: float) -> Iterator[None]:
        """This process's turn among its own threads."""
        if not self._lock.acquire(timeout=max(0, until - time.monotonic())):
            raise self._busy()
        try:
            yield
        finally:
            self._lock.release()

    def _busy(self) -> DatabaseLocked:
        return DatabaseLocked("another process held the audit log too long; try again", path=str(self.path))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.path.absolute(), keep_text=self.keeps_text), ()

    @abstractmethod
    def _links(self, *, after: int | None = None, needles: Sequence[str] = ()) -> Iterator[Link | None]:
        """Entries in stored order, from the one after number ``after``, whose event holds every needle.

        None stands for one that can't be read.
        """

    @abstractmethod
    def _newest(self, needles: Sequence[str] = ()) -> Iterator[Link]:
        """Entries that can be read and hold every needle, from the last to the first, as far as they are asked for."""

    def _end(self) -> Head | None:
        """Where the log itself says that it ends, where it does."""
        return None

    @abstractmethod
    def head(self) -> Head:
        """The end of the chain. Kept elsewhere, it lets ``verify`` notice a cut end or a log written anew."""

    @abstractmethod
    def close(self) -> None:
        """Give back the file. Safe to call twice."""

    def __enter__(self) -> AuditStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def verify(self, anchor: Head | str | None = None) -> Verification:
        """Check the whole chain, and against an anchor where one was kept."""
        end = self._end()  # first: what is appended from now on is beyond it
        known = Head.parse(anchor) if isinstance(anchor, str) else anchor
        return verify(self._links(), known, end=end)

    def entries(self, *, after: int = 0, **filters: Unpack[Filter]) -> Iterator[AuditEntry]:
        """Entries in order, from the one after number ``after``.

        Raises:
            InvalidInput: An outcome that does not exist.
        """
        found = self._matching(after, filters)
        return (AuditEntry(link.seq, link.prev, link.hash, AuditEvent.from_dict(values)) for link, values in found)

    def _matching(self, after: int, filters: Filter) -> Iterator[tuple[Link, dict[str, Any]]]:
        _check_outcome(filters)
        # What can't be read is verify's to report; a query still shows the rest.
        links = (link for link in self._links(after=after, needles=_needles(filters)) if link is not None)
        pairs = ((link, _values(link)) for link in links)
        return ((link, values) for link, values in pairs if values is not None and _matches(values, filters))

    def query(self, *, limit: int | None = None, **filters: Unpack[Filter]) -> list[AuditEvent]:
        """The events that pass the filters, oldest first; with ``limit`` the last so many of them.

        With ``limit`` the log is read from its end, and only as far as needed.
        """
        if limit is None:
            return [entry.event for entry in self.entries(**filters)]
        _check_outcome(filters)
        pairs = ((link, _values(link)) for link in self._newest(_needles(filters)))
        matching = (values for _, values in pairs if values is not None and _matches(values, filters))
        return [AuditEvent.from_dict(values) for values in islice(matching, max(0, limit))][::-1]

    def follow(
        self,
        *,
        after: int | None = None,
        poll: float = 0.25,
        stop: threading.Event | None = None,
        **filters: Unpack[Filter],
    ) -> Iterator[AuditEntry]:
        """Entries as they come, for ever or until ``stop`` is set.

        Args:
            after: Begin after this entry; by default after the last one that there is now.
            poll: Seconds between two looks at the file.
            stop: Ends it; entries that were written before it was set still come.
            **filters: Which events.
        """
        stop = stop or threading.Event()
        seen = self.head().seq if after is None else after
        while True:
            stopped = stop.is_set()
            end = self.head().seq
            if end > seen:
                yield from (entry for entry in self.entries(after=seen, **filters) if entry.seq <= end)
                seen = end
            if stopped:
                return
            stop.wait(poll)

    def who_saw(
        self, memory_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[AuditEvent]:
        """Every operation that showed a memory to somebody."""
        named = self.query(memory_id=memory_id, outcome="allowed", since=since, until=until)
        return [event for event in named if event.verb not in NOT_READING]

    def what_did(
        self, member: str, run: str | None = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[AuditEvent]:
        """Everything that a member did, or did in one run."""
        return self.query(member=member, run=run, since=since, until=until)

    def export(self, stream: TextIO, *, format: Literal["jsonl", "csv"] = "jsonl", **filters: Unpack[Filter]) -> int:
        """Write entries as JSON lines (with their hashes) or as CSV; the number written.

        Unfiltered JSON lines are a whole log again: saved as ``.jsonl`` they verify.
        """
        check_choice("format", format, EXPORT_FORMATS)
        count = 0
        if format == "csv":
            writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(["seq", *CSV_COLUMNS, "hash"])
            for link, values in self._matching(0, filters):
                writer.writerow([link.seq, *(_cell(values.get(column)) for column in CSV_COLUMNS), link.hash])
                count += 1
            return count
        for link, _ in self._matching(0, filters):
            stream.write(line_of(link) + "\n")
            count += 1
        return count


def _check_outcome(filters: Filter) -> None:
    outcome = filters.get("outcome")
    if outcome is not None:
        check_choice("outcome", outcome, OUTCOMES)


def unusable(path: Path, error: Exception, *, full: bool) -> DatabaseUnusable:
    """The error for a log that can't be read or written.

    Args:
        path: The log.
        error: Why.
        full: Whether the disk is full.
    """
    advice = (
        "the disk is full: the audit log can't be written; free some space and retry"
        if full
        else f"the audit log can't be used ({type(error).__name__}); name a writable file, or move the old one away"
    )
    return DatabaseUnusable(advice, path=str(path), cause=str(error))


def lost_log(path: Path, what: str) -> DatabaseUnusable:
    """The error for a log that somebody else moved, or wrote into, while it was open."""
    return DatabaseUnusable(
        f"the audit log {what} while it was open, and with it events, perhaps this one: the next goes into what lies"
        " there now, which does not verify",
        path=str(path),
    )


def line_of(link: Link) -> str:
    """An entry as a line of a JSON lines log."""
    return f'{{"seq":{link.seq},"prev":"{link.prev}","hash":"{link.hash}","event":{link.payload}}}'


def _needles(filters: Filter) -> list[str]:
    """Texts that an event's canonical JSON must hold to pass.

    Quotes inside JSON strings are escaped, so ``"member":"x"`` occurs only where the field has that value.
    """
    given = {name: value for name, value in filters.items() if isinstance(value, str)}
    anywhere = [json.dumps(given.pop("bank"))] if "bank" in given else []
    if "memory_id" in given:  # the end of one that is written or asked for with its bank before it
        anywhere.append(json.dumps(given.pop("memory_id").rpartition("#")[2])[1:])
    return [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in given.items()] + anywhere


def _values(link: Link) -> dict[str, Any] | None:
    try:
        values: dict[str, Any] = json.loads(link.payload)
        AuditEvent.from_dict(values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return values


def _matches(values: dict[str, Any], filters: Filter) -> bool:
    bank, memory_id = filters.get("bank"), filters.get("memory_id")
    since, until = filters.get("since"), filters.get("until")
    return (
        (bank is None or bank in (values.get("bank"), values.get("bank_id")))
        and (memory_id is None or any(_is_id(one, memory_id, values) for one in values.get("memory_ids", ())))
        and (since is None or values["at"] >= iso(since))
        and (until is None or values["at"] < iso(until))
    )


def _is_id(written: str, memory_id: str, values: dict[str, Any]) -> bool:
    whole = f"{values.get('bank_id')}#{written}"
    return memory_id in (written, whole) or written.endswith(f"#{memory_id}")


def _cell(value: Any) -> str:
    # A terminal would carry out control characters; a spreadsheet would take a text that begins so for a formula.
    text = visible(" ".join(value) if isinstance(value, list) else "" if value is None else str(value))
    return (
        f"'{text}"
        if isinstance(value, str | list) and text.startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20"))
        else text
    )


def _without_secrets(text: str) -> str:
    from hindsight_teams.guard.secrets import redact

    return redact(text)
