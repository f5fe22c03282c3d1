"""Write a bank as JSON lines and store it from them: the format of ``bank export`` and ``bank import``.

The first line says what it is, one line a memory follows, and the last line counts them, so that a file that was cut
short is told from a whole one. What is empty is left out. The same bank makes the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hindsight_teams.errors import BankNotFound, InvalidInput
from hindsight_teams.ingest.rows import EXPORT
from hindsight_teams.memory.browsing import pages
from hindsight_teams.memory.copying import deliver
from hindsight_teams.models import Memory, MemoryRecord
from hindsight_teams.requests import Capability, EnsureBank, ListBanks, ListRepeats, Restore
from hindsight_teams.requests.checks import check_bank_id, check_time

if TYPE_CHECKING:
    from hindsight_teams.backends.base import MemoryBackend

VERSION = 1
_AT_ONCE = 500
_EMBEDDED_ID = re.compile(r"[0-9a-f]+-([0-9a-f]+)")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_FIELDS = {
    "id": str, "text": str, "document": str, "context": str, "type": str, "tags": list, "entities": list,
    "metadata": dict, "noted": str, "happened": str, "happened_until": str, "said": int, "last_said": str,
    "sources": list, "superseded_by": str, "repeats": list,
}  # fmt: skip


def export_lines(backend: MemoryBackend, bank_id: str) -> Iterator[str]:
    """The lines of a bank, without their ends; only a page of memories is held at once.

    Raises:
        BankNotFound: There is no such bank.
    """
    check_bank_id(bank_id)
    info = next((bank for bank in backend.execute(ListBanks(prefix=bank_id)) if bank.bank_id == bank_id), None)
    if info is None:
        raise BankNotFound(f"there is no bank {bank_id!r} to export; list the banks to see their ids")
    name = {"name": info.name} if info.name and info.name != bank_id else {}
    yield _encode({"format": EXPORT, "version": VERSION, **name})
    count = 0
    for page in pages(backend, bank_id):
        repeats = _repeats(backend, bank_id, page)
        for memory in page:
            yield _encode(_plain(memory, repeats.get(memory.id, [])))
            count += 1
    yield _encode({"end": True, "memories": count})


def _repeats(backend: MemoryBackend, bank_id: str, page: Sequence[Memory]) -> dict[str, list[Memory]]:
    said = [memory.id for memory in page if memory.times_said > 1]
    found: dict[str, list[Memory]] = {}
    if said and Capability.REPEATS in backend.capabilities:
        for repeat in backend.execute(ListRepeats(bank=bank_id, ids=said)):
            found.setdefault(repeat.id, []).append(repeat)
    return found


def _plain(memory: Memory, repeats: Sequence[Memory] = ()) -> dict[str, Any]:
    counted = not repeats and memory.times_said > 1
    values = {
        "id": _number(memory.id),
        "text": memory.text,
        "document": memory.document_id,
        "context": memory.context,
        "type": memory.type if memory.type != "world" else None,
        "tags": list(memory.tags),
        "entities": list(memory.entities),
        "metadata": dict(memory.metadata),
        "noted": _iso(memory.mentioned_at),
        "happened": _iso(memory.occurred_at),
        "happened_until": _iso(memory.occurred_end),
        "said": memory.times_said if counted else None,
        "last_said": _iso(memory.last_said_at) if counted else None,
        "sources": [_number(source) for source in memory.source_ids],
        "superseded_by": None if memory.superseded_by is None else _number(memory.superseded_by),
        "repeats": [
            {k: v for k, v in _plain(repeat).items() if k != "id" and (k != "text" or v != memory.text)}
            for repeat in repeats
        ],
    }
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def _number(memory_id: str) -> str:
    """A memory's id within its bank: of the embedded engine's ids the part after the bank's number."""
    found = _EMBEDDED_ID.fullmatch(memory_id)
    return memory_id if found is None else found[1]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@dataclass(frozen=True, slots=True)
class Export:
    """A file that ``export_lines`` filled, read through once and found whole.

    Attributes:
        path: The file.
        memories: How many it holds.
        name: The bank's name for people, where it had one.
    """

    path: Path
    memories: int
    name: str | None = None

    @classmethod
    def of(cls, path: Path) -> Export:
        """Read a file through.

        Raises:
            InvalidInput: It is not an export, damaged, cut short or of a newer version; the message names the line.
            OSError: It can't be read.
        """
        name: str | None = None
        count = 0
        ended = False
        ids: set[str] = set()
        for number, value in _lines(path):
            if number == 1:
                name = _check_header(value)
            elif ended:
                raise InvalidInput(f"line {number:,} comes after the end; the file holds two exports, or is damaged")
            elif value.get("end") is True:
                ended = True
                if value.get("memories") != count:
                    raise InvalidInput(
                        f"the file holds {count:,} memories and was written with {value.get('memories')}; export again"
                    )
            else:
                count += 1
                memory_id = _record(value, number).memory.id
                if memory_id in ids:
                    raise InvalidInput(
                        f"line {number:,} has the id {memory_id!r} of a line before; each memory has its own"
                    )
                if memory_id:
                    ids.add(memory_id)
        if not ended:
            raise InvalidInput(
                f"the file was cut short after {count:,} memories: its last line is missing; export again"
            )
        return cls(path, count, name)

    def records(self) -> Iterator[MemoryRecord]:
        """The memories, read anew."""
        for number, value in _lines(self.path):
            if number > 1 and value.get("end") is not True:
                yield _record(value, number)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    with path.open(encoding="utf-8", newline="\n") as lines:
        try:
            for number, line in enumerate(lines, 1):
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise InvalidInput(f"line {number:,} is not a JSON object")
                yield number, value
        except UnicodeDecodeError:
            raise InvalidInput(f"line {number + 1:,} is not UTF-8; the file is not an export of a bank") from None
        except (json.JSONDecodeError, RecursionError):
            what = (
                "it is not an export of a bank; `bank ingest` reads other files"
                if number == 1
                else "the file is damaged, or was cut short"
            )
            raise InvalidInput(f"line {number:,} is not JSON: {what}") from None
    if number == 0:
        raise InvalidInput("the file is empty; it is not an export of a bank")


def _check_header(value: dict[str, Any]) -> str | None:
    if value.get("format") != EXPORT:
        raise InvalidInput(f"the first line does not say that this is a {EXPORT!r}; it is not an export of a bank")
    version = value.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InvalidInput(f"the first line has version={version!r}, which must be a number")
    if version > VERSION:
        raise InvalidInput(f"the file has version {version} of the format and this program reads {VERSION}; upgrade it")
    name = value.get("name")
    return name if isinstance(name, str) else None


def _record(value: dict[str, Any], number: int) -> MemoryRecord:
    try:
        memory = _memory(value)
        repeats = tuple(
            replace(_memory({"text": memory.text, **repeat}), id=memory.id) for repeat in value.get("repeats", ())
        )
        record = MemoryRecord(memory, repeats)
        Restore(bank="import", records=[record])  # which checks all that it holds
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"line {number:,}: {error}") from None
    return record


def _memory(value: dict[str, Any]) -> Memory:
    for name, field in value.items():
        kind = _FIELDS.get(name)
        if kind is None:
            raise InvalidInput(f"there is no field {name!r}")
        if not isinstance(field, kind):
            raise InvalidInput(f"{name}={field!r} must be a {kind.__name__}")
    if "text" not in value:
        raise InvalidInput("it has no text")
    noted = _moment(value, "noted")
    return Memory(
        id=value.get("id", ""),
        text=value["text"],
        bank_id="",
        tags=tuple(value.get("tags", ())),
        metadata=value.get("metadata", {}),
        document_id=value.get("document"),
        context=value.get("context"),
        occurred_at=_moment(value, "happened"),
        occurred_end=_moment(value, "happened_until"),
        mentioned_at=noted,
        entities=tuple(value.get("entities", ())),
        type=value.get("type", "world"),
        source_ids=tuple(value.get("sources", ())),
        superseded_by=value.get("superseded_by"),
        times_said=value.get("said", 1),
        last_said_at=_moment(value, "last_said"),
    )


def _moment(value: dict[str, Any], name: str) -> datetime | None:
    text = value.get(name)
    return None if text is None else check_time(name, datetime.fromisoformat(text))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        memories: In the file.
        stored: New in the bank.
        already: In the bank before.
        notes: What this backend can't keep, in words.
        problems: What did not arrive, in words.
    """

    bank: str
    memories: int
    stored: int
    already: int
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def import_bank(
    backend: MemoryBackend, bank_id: str, export: Export, *, progress: Callable[[int, int], None] | None = None
) -> ImportReport:
    """Store an export in a bank, which is made when there is none. Safe to repeat, also after it was cut short.

    The embedded engine keeps all that the file says. Any other backend is told each memory as a copy tells it: it finds
    names, days and links itself, and observations, which it derives, are left out.

    Args:
        backend: Where to.
        bank_id: Which bank.
        export: The file.
        progress: Called with the memories done and those in all.

    Raises:
        InvalidInput: Something in the file can't be stored.
    """
    check_bank_id(bank_id)
    if Capability.RESTORE in backend.capabilities:
        return _restored(backend, bank_id, export, progress)
    records = [record for record in export.records() if record.memory.type != "observation"]
    memories = [memory for record in records for memory in (record.memory, *record.repeats)]
    backend.execute(EnsureBank(bank=bank_id, name=export.name))
    report = deliver(memories, backend, bank_id, source=export.path.name, progress=progress)
    notes = ["ids, days and names in the memories are this backend's own"]
    if left := export.memories - len(records):
        notes.append(f"{left:,} observations were left out: it derives its own")
    if any(memory.superseded_by for memory in memories):
        notes.append("what was superseded is not marked")
    return ImportReport(bank_id, export.memories, report.copied, report.already, tuple(notes), report.problems)


def _restored(
    backend: MemoryBackend, bank_id: str, export: Export, progress: Callable[[int, int], None] | None
) -> ImportReport:
    backend.execute(EnsureBank(bank=bank_id, name=export.name))
    stored = already = 0
    shift: int | None = None
    counted = False
    records = _embedded(export.records())
    while load := list(islice(records, _AT_ONCE)):
        counted = counted or any(record.memory.times_said > 1 for record in load)
        done = backend.execute(Restore(bank=bank_id, records=load, shift=shift))
        shift, stored, already = done.shift, stored + done.stored, already + done.already
        if progress is not None:
            progress(stored + already, export.memories)
    notes = []
    if shift:
        notes.append("the memories have new ids: the bank held others under theirs")
    if counted:
        notes.append("how often a server counted that something was said is not kept")
    return ImportReport(bank_id, export.memories, stored, already, tuple(notes))


def _embedded(records: Iterator[MemoryRecord]) -> Iterator[MemoryRecord]:
    """The records with numbers for ids: those of a server are numbered in the order of the file."""
    numbers: dict[str, str] = {}
    foreign = False
    for place, record in enumerate(records, 1):
        memory = record.memory
        foreign = foreign or len(memory.id) > 8 or not memory.id
        if not foreign:
            yield record
            continue
        name = numbers[memory.id] = f"{place:x}"
        known = tuple(numbers[source] for source in memory.source_ids if source in numbers)
        newer = numbers.get(memory.superseded_by or "")
        yield MemoryRecord(replace(memory, id=name, source_ids=known, superseded_by=newer), record.repeats)
