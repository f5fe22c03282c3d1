"""Lines of a recall that a model gives back to ``retain_memory``: the originals are cited, not stored again.

A copy would carry the copier's signature and today's date, and the next recall would copy the copy. A line is known by
the form in which recall shows it, or by the words of a memory that this run was given.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, cast

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.agno.said import recalled_text, tokens
from hindsight_teams.agno.turns import notes_of
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.models import Memory, RecallResult

ALREADY_KNOWN = "Nothing new to store; memory already holds:"


@dataclass(frozen=True, slots=True)
class Given:
    """What a model gave to ``retain_memory``.

    Attributes:
        new: What is new in it; empty where nothing is.
        cited: The memories that it repeats.
    """

    new: str
    cited: tuple[Memory, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether memory holds all of it."""
        return bool(self.cited) and not self.new

    @property
    def metadata(self) -> dict[str, str] | None:
        """The ids of the memories that the new text was given with."""
        return {"cites": " ".join(memory.id for memory in self.cited)} if self.cited else None

    @property
    def reply(self) -> str:
        """What to answer where nothing is new."""
        lines = [f"- {memory.text} ({', '.join(filter(None, (memory.author, _day(memory))))})" for memory in self.cited]
        return "\n".join([ALREADY_KNOWN, *lines])


def note_recalled(run_context: Any, caller: Caller, memories: Iterable[Memory]) -> None:
    """Keep what a run was given until it ends."""
    if run_context is not None:
        known: dict[str, Memory] = notes_of(run_context).setdefault(_key(caller), {})
        known.update((_words(memory.text), memory) for memory in memories)


def read(memory: MemberMemory, content: str, run_context: Any, caller: Caller) -> Given:
    """Tell what is new in a content from what memory holds; what may be a line of an earlier recall is looked up."""
    steps = _steps(memory, content, run_context, caller)
    found: RecallResult | None = None
    while True:
        try:
            query = steps.send(found)
        except StopIteration as end:
            return cast("Given", end.value)
        found = memory.recall(query, caller=caller)


async def aread(memory: MemberMemory, content: str, run_context: Any, caller: Caller) -> Given:
    """Async twin of ``read``."""
    steps = _steps(memory, content, run_context, caller)
    found: RecallResult | None = None
    while True:
        try:
            query = steps.send(found)
        except StopIteration as end:
            return cast("Given", end.value)
        found = await memory.arecall(query, caller=caller)


def _steps(
    memory: MemberMemory, content: str, run_context: Any, caller: Caller
) -> Generator[str, RecallResult | None, Given]:
    """Yield what to recall, be sent what was found, and end with what was given."""
    may_recall = bool(memory.holds(Access.RECALL))
    known: dict[str, Memory] = notes_of(run_context).get(_key(caller), {}) if run_context is not None else {}
    new: list[str] = []
    cited: dict[str, Memory] = {}
    for line in content.splitlines():
        text = recalled_text(line)
        same = known.get(_words(text or line)) if line.strip() else None
        if same is None and text is not None and may_recall:
            found = yield text
            same = next((m for m in found.results if _words(m.text) == _words(text)), None) if found else None
        if same is None:
            new.append(line if text is None else text)  # in doubt it is stored, without the label of what it may copy
        else:
            cited[same.id] = same
    if not cited:
        return Given("\n".join(new) if "\n".join(new) != content else content)
    return Given("\n".join(new).strip(), tuple(cited.values()))


def _words(text: str) -> str:
    return " ".join(tokens(text))


def _day(memory: Memory) -> str | None:
    when = memory.occurred_at or memory.mentioned_at
    return when.date().isoformat() if when else None


def _key(caller: Caller) -> tuple[Any, ...]:
    return ("recalled", caller.team, caller.member, repr(caller.user), caller.session, caller.run)
