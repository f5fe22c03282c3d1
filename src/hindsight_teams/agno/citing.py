"""Recalled lines that a model gives back to ``retain_memory``: they are cited instead of stored again.

A copy would carry the copier's signature and today's date, and the next recall would copy the copy. A line is known by
the form in which recall shows it, or by the words of a memory that this run was given. What differs from the memory in
a sign, a letter's case or a number tells something else, and what goes to another bank than the memory's, by name, is
meant to be there too: both are stored.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.agno.inputs import repaired
from hindsight_teams.agno.turns import key_of, notes_of
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.rendering import escape, fence, is_framing
from hindsight_teams.models import Memory, RecallResult
from hindsight_teams.requests.core import Recall
from hindsight_teams.text import happened, noted, one_line, same_words

Known: TypeAlias = "dict[tuple[MemberMemory, str, str, str], Memory]"
"""What a run was given, by the memory through which, its bank, id and text: once, however often it is found."""

_RECALLED = re.compile(
    r"^\s*(?P<framing>(?:[^\W\d_][\w'\u2019]*\s+){0,5}[^\W\d_][\w'\u2019]*:\s+)?(?:\d{1,3}[.)]|[-*\u2022])?\s*"
    r"\[(?:happened|happens|on|within|since|until|noted) \d{4}[^\[\]|]*(?:\|[^\[\]|]+)+\]\s*(?P<memory>\S.*)$",
    re.I,
)

NOTHING_TOLD = "Nothing to store: this is what memory answers, and no fact."
ALREADY_KNOWN = "Nothing new to store; memory already holds:"


@dataclass(frozen=True, slots=True)
class Given:
    """What a model gave to ``retain_memory``.

    Attributes:
        new: What is new in it; empty where nothing is.
        cited: The memories that it repeats.
        framing: Whether it holds nothing but what stands around memories in an answer of ours.
    """

    new: str
    cited: tuple[Memory, ...] = ()
    framing: bool = False

    @property
    def is_known(self) -> bool:
        """Whether memory holds all of it."""
        return self.framing or (bool(self.cited) and not self.new)

    @property
    def metadata(self) -> dict[str, str]:
        """The ids of the memories that the new text was given with."""
        return {"cites": " ".join(memory.id for memory in self.cited)} if self.cited else {}

    @property
    def reply(self) -> str:
        """What to answer where nothing is new."""
        lines = [f"- {one_line(memory.text)} ({_told(memory)})" for memory in self.cited]
        return f"{ALREADY_KNOWN}\n{fence(chr(10).join(lines))}" if lines else NOTHING_TOLD


def note_recalled(memory: MemberMemory, run_context: Any, caller: Caller, found: Iterable[Memory]) -> None:
    """Keep what a run was given until it ends."""
    known: Known = notes_of(run_context).setdefault(key_of("recalled", caller), {})
    for one in found:
        known.setdefault((memory, one.bank_id, one.id, one.text), one)


def read(
    memory: MemberMemory, content: str, run_context: Any, caller: Caller, *, bank: str | None = None
) -> Generator[tuple[Recall, None], RecallResult, Given]:
    """Tell what is new in a content from what memory holds: yield what to recall, be sent what was found."""
    content = repaired(content)
    known: Known = notes_of(run_context).get(key_of("recalled", caller), {})
    may_be_known = known or any(recalled_text(line) is not None for line in content.splitlines())
    readable = memory.bank_names(Access.RECALL, caller) if may_be_known else {}

    by_words: dict[str, list[Memory]] = {}
    for (via, *_), one in known.items():
        if one.bank_id in readable and via.shares_backend(memory):
            by_words.setdefault(_words(one.text), []).append(one)

    def original(text: str, found: Iterable[Memory]) -> Memory | None:
        return next(
            (one for one in found if _words(one.text) == _words(text) and bank in (None, readable.get(one.bank_id))),
            None,
        )

    new: list[str] = []
    cited: dict[str, Memory] = {}
    for line in content.splitlines():
        if is_framing(line):
            continue
        text = recalled_text(line)
        told = line if text is None else text
        same = original(told, by_words.get(_words(told), ())) if line.strip() else None
        if same is None and text is not None and readable:
            found = yield Recall(query=text), None
            same = original(text, found.results)
        if same is None:
            new.append(without_label(line))  # in doubt it is stored, without the label of what it may copy
        else:
            cited[same.id] = same
    if not cited and not new and content.strip():
        return Given("", framing=True)
    if not cited:
        return Given("\n".join(new) if "\n".join(new) != content else content)
    return Given("\n".join(new).strip(), tuple(cited.values()))


def recalled_text(line: str) -> str | None:
    """The memory in a line as recall shows it, with its label, perhaps after "Known so far:"; None for any other."""
    found = _RECALLED.match(line)
    return found["memory"].strip() if found else None


def without_label(line: str) -> str:
    """A line without the number and label that recall gives; any other line as it is."""
    found = _RECALLED.match(line)
    return f"{found['framing'] or ''}{found['memory'].strip()}" if found else line


def without_recalled(text: str) -> str:
    """A text without lines as recall shows them."""
    lines = text.splitlines()
    kept = [line for line in lines if recalled_text(line) is None]
    return text if len(kept) == len(lines) else "\n".join(kept).strip()


def with_what_is_cited(text: str) -> str:
    """A text without lines as recall shows them, but of those right before others: these may be about them."""
    lines = [line for line in text.splitlines() if line.strip()]
    told = [recalled_text(line) is None for line in lines]
    followed = [*told[1:], False]
    return "\n".join(without_label(line) for line, own, by in zip(lines, told, followed, strict=True) if own or by)


def _words(text: str) -> str:
    return same_words(escape(one_line(text)))  # a model gives it back as it was shown


def _told(memory: Memory) -> str:
    return ", ".join(filter(None, (memory.said_by, happened(memory), noted(memory))))
