"""TeamMemory: binds the members of an Agno Team to their grants, and gives the team its memory tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, TypeVar, Unpack

from hindsight_teams.access.definition import BankValue, GrantValue, TeamDefinition
from hindsight_teams.access.grants import Caller
from hindsight_teams.access.matrix import AccessMatrix
from hindsight_teams.audit import AuditSink, AuditTrail, default_audit
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.curation import Reviews
from hindsight_teams.memory.direct import resolve_defaults
from hindsight_teams.memory.forgetting import ForgetReport, Forgetting
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.member_options import Defaults
from hindsight_teams.memory.proposing import Proposals
from hindsight_teams.memory.selection import SelectionOptions

if TYPE_CHECKING:
    from agno.agent import Agent
    from agno.team import Team
    from agno.workflow import Workflow

    from hindsight_teams.agno.capture import RunRetention
    from hindsight_teams.agno.exchange import Retain
    from hindsight_teams.agno.injection import InjectionBudget
    from hindsight_teams.agno.memory_toolkit import ToolkitOptions
    from hindsight_teams.agno.toolkit import HindsightTools
    from hindsight_teams.backends.base import Backend, MemoryBackend
    from hindsight_teams.guard import Guard

Equipped = TypeVar("Equipped", "Agent", "Team", "Workflow")


class TeamOptions(TypedDict, total=False):
    """The options of TeamMemory that do not define the team, with the same meaning."""

    backend: MemoryBackend | Any
    defaults: Defaults | None
    guard: Guard | bool | None
    audit: AuditSink | None
    toolkit: type[HindsightTools] | None
    clock: Callable[[], datetime] | None


class TeamMemory:
    """The shared memory of a team: who may write, read or reflect on which bank.

    Args:
        team_id: The team's id; part of every bank id.
        banks: Name to scope: ``team``, ``member``, ``user``, a template such as
            ``"{team}:{bank}:{session}"``, or a resolver.
        members: Member id to bank name to a policy or a list of verbs. A member is an agent, or a team's leader by the
            team's id.
        backend: Where the banks live; chosen by the settings when None.
        variables: Values for template fields of your own.
        curators: Members who may review proposals and quarantined memories.
        proposers: Members who may propose memories of theirs for another bank.
        defaults: Budget, limits and tags where a call gives none; from the settings when None.
        guard: Inspects each memory before it is stored; the default checks when None, no checks when False.
        audit: Where each operation is recorded; from the settings when None.
        toolkit: The class of the members' toolkits: HindsightTools, or a class of your own that inherits from it.
        clock: What time it is, aware: when a memory without a time is noted, and what "last week" in a recall is
            relative to. The backend's own clock when None; give ``SQLiteBackend`` the same for ``reflect``.

    Raises:
        TeamDefinitionError: An unknown bank, verb or policy; the nearest valid name is named.

    Examples:
        >>> memory = TeamMemory(
        ...     "research-desk",
        ...     banks={"shared": "team", "notes": "member"},
        ...     members={"researcher": {"shared": "writer-only", "notes": "full"}, "answerer": {"shared": "read-only"}},
        ... )
        >>> team = memory.equip(Team(id="research-desk", members=[Agent(id="researcher"), Agent(id="answerer")]))
    """

    def __init__(
        self,
        team_id: str,
        *,
        banks: Mapping[str, BankValue],
        members: Mapping[str, Mapping[str, GrantValue]],
        variables: Mapping[str, str] | None = None,
        curators: Iterable[str] = (),
        proposers: Iterable[str] = (),
        **options: Unpack[TeamOptions],
    ) -> None:
        definition = TeamDefinition.from_parts(
            team_id, banks=banks, members=members, variables=variables, curators=curators, proposers=proposers
        )
        self._set_up(definition, **options)

    @classmethod
    def from_file(
        cls, path: str | Path, *, variables: Mapping[str, str] | None = None, **options: Unpack[TeamOptions]
    ) -> Self:
        """The memory of the team that a team.toml declares.

        Raises:
            TeamDefinitionError: It names the line or key, and the nearest valid name.
        """
        return cls.of(TeamDefinition.from_file(path, variables=variables), **options)

    @classmethod
    def of(cls, definition: TeamDefinition, **options: Unpack[TeamOptions]) -> Self:
        """The memory of a team that is already defined."""
        self = cls.__new__(cls)
        self._set_up(definition, **options)
        return self

    def _set_up(
        self,
        definition: TeamDefinition,
        backend: Any = None,
        defaults: Defaults | None = None,
        guard: Guard | bool | None = None,
        audit: AuditSink | None = None,
        toolkit: type[HindsightTools] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        from hindsight_teams.backends.select import open_backend
        from hindsight_teams.settings import resolve

        if guard is not None and not isinstance(guard, bool):
            from hindsight_teams.guard import Guard

            if not isinstance(guard, Guard):
                raise InvalidInput(f"guard={guard!r} must be a Guard, or True for the team's own and False for none")
        if audit is not None and not isinstance(audit, AuditSink):
            raise InvalidInput(f"audit={audit!r} must be an audit sink, such as JsonlSink('audit.jsonl')")
        self.definition = definition
        self.retentions: list[RunRetention] = []
        self.backend: Backend = open_backend(backend=backend)
        self.defaults = defaults or resolve_defaults()
        self._given_guard = guard
        self.toolkit = toolkit
        self.clock = clock
        settings = resolve()
        self.audit: AuditSink = default_audit(settings.audit) if audit is None else audit
        if settings.audit_failure == "refuse":
            self.audit = AuditTrail(self.audit, strict=True)

    @property
    def team_id(self) -> str:
        """The team's id."""
        return self.definition.team_id

    @cached_property
    def guard(self) -> Guard | None:
        """What inspects each memory before it is stored; None for no checks."""
        if self._given_guard is False:
            return None
        from hindsight_teams.guard import Guard

        return self._given_guard if isinstance(self._given_guard, Guard) else Guard.of(self.definition.guard)

    def member(self, member_id: str) -> MemberMemory:
        """What one member may do, to be called directly.

        Raises:
            TeamDefinitionError: There is no such member.
        """
        return MemberMemory(
            self.backend,
            self.definition.grants_of(member_id),
            caller=Caller(team=self.team_id, member=member_id),
            defaults=self.defaults,
            guard=self.guard,
            audit=self.audit,
            clock=self.clock,
        )

    def tools(self, member_id: str, **options: Unpack[ToolkitOptions]) -> HindsightTools:
        """The toolkit of one member, under a name of its own: exactly the tools that its grants allow.

        Args:
            member_id: The member.
            **options: For Agno's Toolkit.

        Raises:
            TeamDefinitionError: There is no such member.
        """
        from hindsight_teams.agno.toolkit import HindsightTools

        whole: ToolkitOptions = {"name": f"hindsight_tools:{self.team_id}:{member_id}", **options}
        return (self.toolkit or HindsightTools).of(self.member(member_id), **whole)

    def equip(
        self,
        team: Equipped,
        *,
        inject: Literal["query"] | None = None,
        inject_budget: InjectionBudget | None = None,
        retain: Retain | None = None,
        retain_bank: str | Mapping[str, str] | None = None,
        background: bool = False,
        confirm: Sequence[str] = (),
        tools: bool | Collection[str] = True,
    ) -> Equipped:
        """A copy of the team in which each member has its memory tools; the one given stays as it is.

        Identity is bound here: the copy's toolkits belong to (this team, that member) and to nobody else, so the same
        Agent object may be equipped into several teams. Nested teams are equipped too; a member whose id equals a
        team's id is that team's leader. Members that are a callable are equipped each time it gives them.

        Args:
            team: A Team, one Agent of it, or a Workflow whose steps are such agents and teams. Equipping what is
                equipped already replaces what it has.
            inject: ``"query"`` puts memories into the system message of each run, recalled with the run's own input,
                for every member (and leader) that may recall.
            inject_budget: What that may cost, in tokens and seconds.
            retain: What is kept of each run of a member (or leader) that may retain: ``"said"``, what users state;
                ``"runs"``, that and what members answer; or a callable that takes an Exchange and gives the Statements
                to keep. With a user in the run it goes only to a bank that no other person reads, unless the bank is
                defined with ``conversations = true``. What a user says to a team, and neither its leader nor a member
                that was asked keeps, is kept by the member that the user addressed by name, or else by the first one
                that may.
            retain_bank: Which bank it goes to, or which one for each member; needed where a member may write several of
                the same kind. What a user says of a member's own bank by its name ("write in your notebook: ...") goes
                there all the same.
            background: Retain after the run returned; ``close``, ``lifespan``, the interpreter's exit and SIGTERM wait
                for it.
            confirm: Names of tools, such as ``approve_memory``, of which Agno lets a person confirm each call.
            tools: False leaves the memory tools out, for a model that calls tools badly or not at all: then memory is
                what ``inject`` puts into a run and ``retain`` keeps of it. Ids of members, such as of all but the
                leader, give the tools to these alone.

        Raises:
            TeamDefinitionError: A member without an id, the same id twice, a member in the definition that the team
                does not have, an id in ``tools`` that has no grants, or ``tools=False`` with nothing in their place.
        """
        from hindsight_teams.agno.equipping import equip

        return equip(
            self,
            team,
            inject=inject,
            inject_budget=inject_budget,
            retain=retain,
            retain_bank=retain_bank,
            background=background,
            confirm=confirm,
            tools=tools,
        )

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until runs that are retained in the background are stored; False when ``timeout`` seconds passed."""
        return all(retention.flush(timeout) for retention in self.retentions)

    async def aflush(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109  # what flush takes
        """Async twin of ``flush``."""
        from asyncio import to_thread

        return await to_thread(self.flush, timeout)

    def proposals(self, member_id: str) -> Proposals:
        """What a member may propose for other banks.

        Raises:
            TeamDefinitionError: There is no such member.
        """
        return Proposals(self.member(member_id), self.definition)

    def reviews(self, curator: str | None = None) -> Reviews:
        """What waits for review: held back by a guard, or proposed for another bank.

        Args:
            curator: The member who decides; None for the application itself.

        Raises:
            AccessDenied: The member is not a curator.
        """
        return Reviews(self.backend, self.definition, curator, self.audit)

    def forget(
        self, *, dry_run: bool = True, actor: str | None = None, **selection: Unpack[SelectionOptions]
    ) -> ForgetReport:
        """Forget, in all banks of the team, what the selection names, with what was derived from it.

        Args:
            dry_run: Only list what would go. True unless you say otherwise.
            actor: Who asked for it, for the audit.
            **selection: The fields of ``selection.Selection``: memory_ids, document_id, author, user, session, run,
                tags. What is given is ANDed.

        Raises:
            InvalidInput: Nothing was selected.
        """
        forgetting = Forgetting(self.backend, self.definition, self.audit, first=_Flush(self))
        return forgetting.forget(forgetting.selected(selection, dry_run, actor), dry_run=dry_run, actor=actor)

    async def aforget(
        self, *, dry_run: bool = True, actor: str | None = None, **selection: Unpack[SelectionOptions]
    ) -> ForgetReport:
        """Async twin of ``forget``."""
        forgetting = Forgetting(self.backend, self.definition, self.audit, first=_Flush(self))
        return await forgetting.aforget(forgetting.selected(selection, dry_run, actor), dry_run=dry_run, actor=actor)

    def access_matrix(self) -> AccessMatrix:
        """Who holds what on which bank."""
        return AccessMatrix.of(self.definition)

    def close(self) -> None:
        """Store what is still waiting, and give back the backend's connections; an audit file closes at exit."""
        self.flush()
        self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def aclose(self) -> None:
        """Async twin of ``close``."""
        await self.aflush()
        await self.backend.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        """The memory's life in a server: ``AgentOS(lifespan=memory.lifespan)``, ``FastAPI(lifespan=memory.lifespan)``.

        When the server shuts down, what is still waiting is stored and the connections are given back.

        Args:
            app: The application, which the server passes.
        """
        async with self:
            yield


@dataclass(frozen=True, slots=True)
class _Flush:
    """A step that waits until what runs left in the background is stored."""

    memory: TeamMemory

    def perform(self) -> bool:
        """Wait in sync code."""
        return self.memory.flush()

    async def aperform(self) -> bool:
        """Wait in async code."""
        return await self.memory.aflush()
