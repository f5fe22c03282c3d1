"""Memory for the system message, recalled anew on every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

from hindsight_teams.access.banks import DirectBank
from hindsight_teams.access.grants import Access, Grant
from hindsight_teams.errors import InvalidInput
from hindsight_teams.log import get_logger
from hindsight_teams.memory.direct import resolve_defaults
from hindsight_teams.memory.member import MemberMemory, caller_of
from hindsight_teams.memory.rendering import fence, render_recall
from hindsight_teams.models import Budget, TagsMatch
from hindsight_teams.requests.checks import check_text

_log = get_logger(__name__)


def memory_instructions(
    *,
    bank_id: str,
    client: Any = None,
    hindsight_api_url: str | None = None,
    api_key: str | None = None,
    query: str = "relevant context about the user",
    budget: Budget | None = None,
    max_results: int = 5,
    max_tokens: int | None = None,
    prefix: str = "Relevant memories:\n",
    tags: list[str] | None = None,
    tags_match: TagsMatch | None = None,
) -> MemoryInstructions:
    """Instructions that recall on every run, as ``instructions=...`` or among others in ``instructions=[...]``.

    They are a string with what is recalled now, so that they can also be joined, compared, stored as JSON and pickled;
    Agno gets what is recalled then. A recall that finds nothing, or fails, gives the empty string and one log line; the
    run goes on.

    Args:
        bank_id: The bank to recall from.
        client: A MemoryBackend, an official client, or anything with a recall.
        hindsight_api_url: Base URL of a Hindsight server.
        api_key: Its API key.
        query: What to recall.
        budget: How much work the recall may do; ``low`` when neither given nor configured.
        max_results: Most memories to put in.
        max_tokens: Most tokens of memories.
        prefix: Stands before the memories.
        tags: Only memories with these tags.
        tags_match: How ``tags`` match.

    Raises:
        InvalidInput: A bad bank id, query, tag, match mode or limit.
        ConfigurationError: A bad URL, key or setting.
    """
    from hindsight_teams.backends.select import open_backend
    from hindsight_teams.settings import source_of

    if isinstance(max_results, bool) or not isinstance(max_results, int) or max_results < 1:
        raise InvalidInput(f"max_results={max_results!r} must be a whole number of at least 1")
    check_text("query", query)
    if budget is None and source_of("budget") == "default":
        budget = "low"
    defaults = resolve_defaults(budget=budget, max_tokens=max_tokens, recall_tags=tags, recall_tags_match=tags_match)
    backend = open_backend(client=client, hindsight_api_url=hindsight_api_url, api_key=api_key)
    memory = MemberMemory(backend, [Grant(DirectBank(bank_id), Access.RECALL)], defaults=defaults)

    def recall(run_context: Any) -> str:
        result = memory.recall(query, caller=caller_of(memory, run_context))
        shown = result.results[:max_results]
        if not shown:
            _log.debug("no memories for the instructions", bank_id=bank_id)
            return ""
        return fence(render_recall(replace(result, results=shown), label_banks=False), prefix=prefix)

    return MemoryInstructions(recall)


class MemoryInstructions(str):
    """A string that is recalled anew whenever Agno puts it into a system message.

    Its value is what was recalled when it was made. Agno takes instructions as a callable, which it calls on each run,
    or as a list of strings, which it formats on each run (``render_instructions``: ``strip``, ``in``, and an f-string).
    This is both, so that the articles' own form, a list, recalls on every run too. Each rendering recalls once.
    """

    _recall: Callable[[Any], str]
    _listed: bool

    __slots__ = ("_listed", "_recall")

    def __new__(cls, recall: Callable[[Any], str], text: str | None = None, *, listed: bool = False) -> Self:
        """A string around a callable that takes Agno's run context, or None, and gives the text."""
        self = super().__new__(cls, _first(recall) if text is None else text)
        self._recall = recall
        self._listed = listed
        return self

    def __call__(self, run_context: Any = None) -> str:
        """The memories for a run; the empty string, and a log line, when they can't be had."""
        try:
            return self._recall(run_context)
        except Exception as error:  # the outermost edge: an exception here would end the user's run
            _log.warning("memory instructions left out of this run", error=type(error).__name__, reason=str(error))
            return ""

    def __str__(self) -> str:
        return self()

    def __format__(self, spec: str) -> str:
        return format(self(), spec)

    def __add__(self, other: str) -> str:
        return self() + other

    def __radd__(self, other: str) -> str:
        return other + self()

    def __bool__(self) -> bool:
        return True

    def __contains__(self, part: object) -> bool:
        return not self._listed and str.__contains__(self._made, part)  # type: ignore[operator]  # as str does

    def strip(self, chars: str | None = None, /) -> MemoryInstructions:
        """The same, recalled once it is formatted: what there is to strip is not known before.

        Agno asks it whether it holds a line break, and formats only what holds none.
        """
        return MemoryInstructions(self._recall, self._made.strip(chars), listed=True)

    @property
    def _made(self) -> str:
        return str.__getitem__(self, slice(None))

    def __deepcopy__(self, memo: dict[int, Any]) -> MemoryInstructions:
        return self

    def __copy__(self) -> MemoryInstructions:
        return self

    def __reduce__(self) -> Any:
        return str, (self._made,)

    def __repr__(self) -> str:
        return "memory_instructions(...)"


def _first(recall: Callable[[Any], str]) -> str:
    try:
        return recall(None)
    except Exception as error:  # the run says it, if it is still so then
        _log.debug("memory instructions could not be recalled yet", error=type(error).__name__, reason=str(error))
        return ""
