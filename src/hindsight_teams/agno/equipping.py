"""What ``TeamMemory.equip`` does to each agent and team: who they are, and how tools and hooks are handed to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from agno.agent import Agent
from agno.team import Team
from agno.tools.function import Function
from agno.tools.toolkit import Toolkit

from hindsight_teams.access.grants import Access
from hindsight_teams.agno.capture import RunRetention
from hindsight_teams.agno.injection import MemoryInjection, with_memories
from hindsight_teams.agno.review_tools import ProposalTools, ReviewTools
from hindsight_teams.agno.toolkit import HindsightTools
from hindsight_teams.errors import TeamDefinitionError
from hindsight_teams.memory.member import MemberMemory


@dataclass(frozen=True, slots=True)
class Equipment:
    """What ``equip`` gives to one member."""

    toolkits: list[Toolkit]
    injection: MemoryInjection | None
    retention: RunRetention | None

    def hand_to(self, part: Agent | Team) -> None:
        """Give it to an agent, or to a team's leader, in place of what an earlier ``equip`` gave."""
        _add_tools(part, self.toolkits)
        if self.injection:
            _add_injection(part, self.injection)
        if self.retention:
            part.post_hooks = [*_without(part.post_hooks, RunRetention), self.retention]


def mapped(factory: Callable[..., Any], change: Callable[[Iterable[Any]], list[Any]]) -> Callable[..., Any]:
    """A callable like the one given, sync or async as it is, with a changed result; Agno reads its signature."""
    if inspect.iscoroutinefunction(factory) or inspect.iscoroutinefunction(type(factory).__call__):

        @wraps(factory)
        async def awaited(*args: Any, **kwargs: Any) -> list[Any]:
            return change(await factory(*args, **kwargs) or ())

        return awaited

    @wraps(factory)
    def called(*args: Any, **kwargs: Any) -> list[Any]:
        return change(factory(*args, **kwargs) or ())

    return called


def parts_of(team: Agent | Team) -> Iterator[Agent | Team]:
    """The team itself and all its members, nested ones too."""
    yield team
    if isinstance(team, Team) and isinstance(team.members, list):
        for member in team.members:
            if isinstance(member, Agent | Team):
                yield from parts_of(member)


def ids_of(*wholes: Any) -> set[str]:
    """The ids of all parts of agents and teams.

    Raises:
        TeamDefinitionError: An id is missing, or there twice (Agno would silently use the first).
    """
    seen: set[str] = set()
    for part in (part for whole in wholes if isinstance(whole, Agent | Team) for part in parts_of(whole)):
        kind = "team" if isinstance(part, Team) else "agent"
        if not part.id:
            raise TeamDefinitionError(
                f"the {kind} {part.name or '(without a name)'!r} has no id; give it one, such as"
                f" {kind.capitalize()}(id=...): memory is bound to it"
            )
        if part.id in seen:
            raise TeamDefinitionError(f"the id {part.id!r} is there twice; give each agent and team an id of its own")
        seen.add(part.id)
    return seen


def _add_tools(part: Agent | Team, toolkits: list[Toolkit]) -> None:
    if callable(part.tools):
        raise TeamDefinitionError(
            f"the tools of {part.id!r} are a callable; add memory.tools({part.id!r}) to what it returns instead"
        )
    kept = [tool for tool in part.tools or [] if not _is_ours(tool)]
    part.tools = [*kept, *toolkits]


def _is_ours(tool: Any) -> bool:
    """Whether an earlier ``equip`` added it; a plain HindsightTools is the user's own.

    What Agno reads back from a dict are the toolkit's functions, each by itself.
    """
    if isinstance(tool, Function):
        tool = getattr(tool.entrypoint, "toolkit", None) or getattr(tool.entrypoint, "__self__", None)
    if isinstance(tool, HindsightTools):
        return tool.memory.identity.member is not None
    return isinstance(tool, ProposalTools | ReviewTools)


def _add_injection(part: Agent | Team, injection: MemoryInjection) -> None:
    part.pre_hooks = [*_without(part.pre_hooks, MemoryInjection), injection]
    part.instructions = with_memories(part.instructions, injection)


def _without(hooks: list[Any] | None, kind: type) -> list[Any]:
    return [hook for hook in hooks or [] if not isinstance(hook, kind)]


def retention_bank(memory: MemberMemory, wanted: str | None) -> str | None:
    """The bank that a member's runs go to; None where it may not write the one that was named."""
    names = [grant.bank.name for grant in memory.holds(Access.RETAIN)]
    if wanted is not None or not names:
        return wanted if wanted in names else None
    if len(names) > 1:
        raise TeamDefinitionError(
            f"member {memory.identity.member!r} may write several banks; say where its runs go with retain_bank= one of"
            f" {', '.join(map(repr, names))}"
        )
    return names[0]
