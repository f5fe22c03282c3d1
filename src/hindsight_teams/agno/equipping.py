"""Equip agents, teams and workflows with memory: bind identities, and add tools and hooks to each part."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from agno.agent import Agent
from agno.team import Team
from agno.tools.function import Function
from agno.tools.toolkit import Toolkit
from agno.workflow import Condition, Loop, Parallel, Router, Step, Steps, Workflow

from hindsight_teams.access.grants import Access, Grant
from hindsight_teams.agno.capture import RunRetention, flush_all, store_before_termination
from hindsight_teams.agno.exchange import SELECTIONS, Retain
from hindsight_teams.agno.hooks import RunHook
from hindsight_teams.agno.injection import InjectionBudget, MemoryInjection, with_memories
from hindsight_teams.agno.review_tools import ProposalTools, ReviewTools
from hindsight_teams.agno.run_memory import MemberRetention, OfMembers, RunMemory
from hindsight_teams.agno.toolkit import HindsightTools
from hindsight_teams.agno.turns import Place, Turns
from hindsight_teams.errors import InvalidInput, TeamDefinitionError, did_you_mean
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.models import check_choice

if TYPE_CHECKING:
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.memory.team import TeamMemory

Equipped = TypeVar("Equipped", Agent, Team, Workflow)


@dataclass(frozen=True, slots=True)
class Equipment:
    """What ``equip`` gives to one member."""

    toolkits: list[Toolkit]
    injection: MemoryInjection | None
    retention: RunRetention | None

    def hand_to(self, part: Agent | Team) -> None:
        """Give an agent, or a team's leader, its tools and injection in place of what an earlier ``equip`` gave."""
        _add_tools(part, self.toolkits)
        if self.injection:
            part.instructions = with_memories(part.instructions, self.injection)


def equip(
    memory: TeamMemory,
    team: Equipped,
    *,
    inject: Literal["query"] | None,
    inject_budget: InjectionBudget | None,
    retain: Retain | None,
    retain_bank: str | Mapping[str, str] | None,
    background: bool,
    confirm: Sequence[str],
    tools: bool | Collection[str],
) -> Equipped:
    """``TeamMemory.equip``, which says what the arguments mean."""
    if not isinstance(team, Agent | Team | Workflow):
        raise InvalidInput(f"equip() takes a Team, an Agent or a Workflow of Agno, not {type(team).__name__}")
    _check_members(memory.definition, team)
    if not (tools or inject or retain):
        raise TeamDefinitionError("equip(tools=False) needs inject='query' or retain='said': else it gives no memory")
    with_tools = frozenset(memory.definition.grants if tools is True else tools or ())
    for unknown in with_tools - set(memory.definition.grants):
        raise TeamDefinitionError(f"tools= names {unknown!r}; {did_you_mean(unknown, memory.definition.grants)}")
    check_choice("inject", inject or "query", ("query",))
    if not callable(retain):
        check_choice("retain", retain or "said", tuple(SELECTIONS))
    elif inspect.iscoroutinefunction(retain):
        raise TeamDefinitionError(f"retain={retain!r} must be a plain function: it only chooses what to keep")
    if retain and background:
        store_before_termination(flush_all)
    banks = retain_bank if isinstance(retain_bank, Mapping) else dict.fromkeys(memory.definition.grants, retain_bank)
    for unknown in set(banks) - set(memory.definition.grants):
        raise TeamDefinitionError(f"retain_bank= names {unknown!r}; {did_you_mean(unknown, memory.definition.grants)}")
    for wanted in banks.values():
        if wanted is not None and wanted not in memory.definition.banks:
            raise TeamDefinitionError(
                f"retain_bank= names the bank {wanted!r}; {did_you_mean(wanted, memory.definition.banks)}"
            )
    turns = Turns(memory)
    confirmed = check_confirmed(confirm, more=memory.toolkit is not None)

    @cache  # a callable may give the same members for every user; they share what belongs to the member
    def equipment(member_id: str) -> Equipment:
        made = _equipment(
            memory, member_id, inject, inject_budget, retain, banks.get(member_id), background, member_id in with_tools
        )
        confirm_tools(made.toolkits, confirmed)
        return made

    def equip_parts(whole: Agent | Team, place: Place) -> None:
        for part in parts_of(whole):
            where: Place = place if part is whole else "member"
            own = equipment(part.id) if part.id in memory.definition.grants else None
            if isinstance(part, Team):
                if callable(part.members):
                    part.members = mapped(part.members, equipped_members)
                part.add_member_tools_to_context = True  # who can remember is what a leader must know to delegate
            if own is not None:
                own.hand_to(part)
            leads = isinstance(part, Team)
            if (retain and (own or leads)) or (own and own.injection):
                # without a retention of its own, a leader hears the user for its members, and what a member recalls
                # is what its leader may say again
                hears = where != "member" or (isinstance(part, Team) and callable(part.members))
                run_memory = RunMemory(
                    str(part.id),
                    turns,
                    place=where,
                    leads=leads,
                    injection=own.injection if own else None,
                    retention=own.retention if own else None,
                    of_members=retentions_below(part) if hears else None,
                )
                _hook(part, *run_memory.hooks())

    def retentions_below(leader: Agent | Team) -> OfMembers:
        members = leader.members if isinstance(leader, Team) else []
        if callable(members):
            return lambda run_context: tuple(retentions_of(getattr(run_context, "members", None) or ()))
        known = tuple(retentions_of(members))
        return lambda run_context: known

    def retentions_of(members: Iterable[Any]) -> Iterator[MemberRetention]:
        for part in (part for member in members if isinstance(member, Agent | Team) for part in parts_of(member)):
            if part.id in memory.definition.grants and (kept := equipment(part.id).retention):
                names = "|".join(map(re.escape, spoken(str(part.id), part.name)))
                yield kept, re.compile(rf"\W*(?:the\s+)?(?:{names})\s*[,:]", re.I)

    def equipped_members(given: Iterable[Any] | None) -> list[Any]:
        members = [member.deep_copy() if isinstance(member, Agent | Team) else member for member in given or ()]
        ids_of(*members)
        for member in members:
            if isinstance(member, Agent | Team):
                equip_parts(member, "member")
        return members

    copied = team.deep_copy()
    if isinstance(copied, Workflow):
        for step, _ in _walk(copied.steps, first=True):
            if isinstance(step, Router):
                select_by_name(step)
        for part, first in steps_of(copied):
            equip_parts(part, "outermost" if first else "later")
    else:
        equip_parts(copied, "outermost")
    return copied


def _check_members(definition: TeamDefinition, team: Agent | Team | Workflow) -> None:
    granted = definition.grants
    if isinstance(team, Workflow):
        present = {part_id for part, _ in steps_of(team) for part_id in ids_of(part)}
        if not present & set(granted):
            raise TeamDefinitionError(
                f"the team definition grants memory to {', '.join(map(repr, granted))}, and no step of the workflow"
                f" {team.name!r} is one of them"
            )
        return
    present = ids_of(team)
    if isinstance(team, Agent):
        if team.id not in granted:
            raise TeamDefinitionError(
                f"the team definition grants nothing to {team.id!r}; {did_you_mean(str(team.id), granted)}"
            )
        return
    if any(isinstance(part, Team) and callable(part.members) for part in parts_of(team)):
        return  # whom it has is known only in a run
    for member in granted:
        if member not in present:
            raise TeamDefinitionError(
                f"the team definition grants memory to {member!r}, but the team has no such member;"
                f" {did_you_mean(member, present)}"
            )


def _equipment(
    memory: TeamMemory,
    member_id: str,
    inject: str | None,
    inject_budget: InjectionBudget | None,
    retain: Retain | None,
    retain_bank: str | None,
    background: bool,
    tools: bool,
) -> Equipment:
    own = memory.member(member_id)
    toolkits: list[Toolkit] = [memory.tools(member_id)] if tools else []
    if tools and member_id in memory.definition.proposers:
        proposals = memory.proposals(member_id)
        toolkits.append(ProposalTools(proposals, name=f"hindsight_proposals:{memory.team_id}:{member_id}"))
    if tools and member_id in memory.definition.curators:
        toolkits.append(ReviewTools(memory.reviews(member_id), name=f"hindsight_reviews:{memory.team_id}:{member_id}"))
    injection = MemoryInjection(own, inject_budget) if inject and own.holds(Access.RECALL) else None
    retention = None
    if retain and (bank := retention_bank(own, retain_bank)):
        retaining = partial(
            RunRetention,
            own.for_words_of_others(),
            retain=retain,
            background=background,
            names=[name for member in memory.definition.grants for name in spoken(member)],
        )
        others = [grant for grant in own.holds(Access.RETAIN) if grant != bank and "member" in grant.bank.needs]
        retention = retaining(bank=bank, by_name=[retaining(bank=grant) for grant in others])
        memory.retentions.append(retention)
    return Equipment(toolkits, injection, retention)


def spoken(member_id: str, name: str | None = None) -> list[str]:
    """What users call a member by."""
    return [member_id, member_id.replace("-", " "), *([name] if name else [])]


def mapped(factory: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    """A callable like the one given, sync or async as it is, with a changed result; Agno reads its signature."""
    if inspect.iscoroutinefunction(factory) or inspect.iscoroutinefunction(type(factory).__call__):

        @wraps(factory)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return change(await factory(*args, **kwargs))

        return awaited

    @wraps(factory)
    def called(*args: Any, **kwargs: Any) -> Any:
        return change(factory(*args, **kwargs))

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
        if not toolkits:
            return
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


def _hook(part: Agent | Team, before: RunHook, after: RunHook) -> None:
    """Hook memory into a part's runs, in place of what an earlier ``equip`` hooked in."""
    part.pre_hooks = [*(hook for hook in part.pre_hooks or [] if not isinstance(hook, RunHook)), before]
    part.post_hooks = [*(hook for hook in part.post_hooks or [] if not isinstance(hook, RunHook)), after]


def retention_bank(memory: MemberMemory, wanted: str | None) -> Grant | None:
    """The bank that a member's runs go to, as it holds it; None where it may not write the one that was named.

    That is the user's own bank where the member may write just one, else the one that takes conversations, else the
    only one.
    """
    grants = memory.holds(Access.RETAIN)
    if wanted is not None:
        return next((grant for grant in grants if grant.bank.name == wanted), None)
    own = [grant for grant in grants if "user" in grant.bank.needs]
    open_to_all = [grant for grant in grants if getattr(grant.bank, "conversations", False)]
    candidates = own or open_to_all or list(grants)
    if len(candidates) > 1:
        names = [grant.bank.name for grant in candidates]
        raise TeamDefinitionError(
            f"member {memory.identity.member!r} may write several banks; say where its runs go with retain_bank= one of"
            f" {', '.join(map(repr, names))}"
        )
    return candidates[0] if candidates else None


TOOLS = tuple(
    "retain_memory recall_memory reflect_on_memory propose_memory list_reviews approve_memory reject_memory".split()
)
"""The tools that ``equip`` gives to members."""


def check_confirmed(confirm: Sequence[str], *, more: bool) -> tuple[str, ...]:
    """The names of tools to be confirmed.

    Args:
        confirm: As given to ``equip``.
        more: Whether the members may have tools besides ``TOOLS``, from a toolkit of the application's own.

    Raises:
        InvalidInput: Not a list of names, or a name of no tool: a misspelt one would let every call through.
    """
    if isinstance(confirm, str) or not isinstance(confirm, Collection):
        raise InvalidInput(f"confirm={confirm!r} must be a list of tools' names, such as ['approve_memory']")
    for name in confirm:
        if name not in TOOLS and not more:
            raise InvalidInput(f"confirm names no tool {name!r}; {did_you_mean(str(name), TOOLS)}")
    return tuple(confirm)


def confirm_tools(toolkits: Sequence[Toolkit], confirm: Sequence[str]) -> None:
    """Make Agno pause before each call of these tools, until somebody confirms it."""
    for toolkit in toolkits:
        functions = [*toolkit.functions.values(), *toolkit.async_functions.values()]
        chosen = [function for function in functions if function.name in confirm]
        for function in chosen:
            function.requires_confirmation = True
        named = dict.fromkeys([*toolkit.requires_confirmation_tools, *(function.name for function in chosen)])
        toolkit.requires_confirmation_tools = list(named)


def steps_of(workflow: Workflow) -> Iterator[tuple[Agent | Team, bool]]:
    """Each agent and team that is a step, once, and whether it may be the first that is given the user's words.

    All other steps are given what a step before them put out. Workflows inside are walked too.
    """
    seen: set[int] = set()
    for part, first in _walk(workflow.steps, first=True):
        if not isinstance(part, Router) and id(part) not in seen:
            seen.add(id(part))
            yield part, first


def _walk(step: Any, *, first: bool) -> Iterator[tuple[Agent | Team | Router, bool]]:
    if isinstance(step, Agent | Team):
        yield step, first
    elif isinstance(step, Workflow):
        yield from _walk(step.steps, first=first)
    elif isinstance(step, Step):
        for part in (step.agent, step.team, step.workflow):
            yield from _walk(part, first=first)
    elif isinstance(step, Parallel):
        for one in _as_sequence(step.steps):
            yield from _walk(one, first=first)
    elif isinstance(step, Condition):
        for branch in (step.steps, step.else_steps):
            yield from _walk(branch, first=first)
    elif isinstance(step, Router):
        yield step, first
        for choice in _as_sequence(step.choices):
            yield from _walk(choice, first=first)
    elif isinstance(step, Loop | Steps):
        yield from _walk(step.steps, first=first)
    elif isinstance(step, Sequence) and not isinstance(step, str):
        for position, one in enumerate(step):
            yield from _walk(one, first=first and position == 0)


def select_by_name(router: Router) -> None:
    """Have a selector that gives one of its choices itself give its name: it means the one that was equipped."""

    def named(selected: Any) -> Any:
        if isinstance(selected, list | tuple):
            return [named(one) for one in selected]
        name = getattr(selected, "name", None)
        return name if name in {getattr(choice, "name", None) for choice in _as_sequence(router.choices)} else selected

    if callable(router.selector):
        router.selector = mapped(router.selector, named)


def _as_sequence(steps: Any) -> Sequence[Any]:
    return steps if isinstance(steps, Sequence) else ()
