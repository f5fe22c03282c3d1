"""Every call leaves an event, however it ends; without an event a call says so, or is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from agno.run.base import RunContext

from hindsight_teams import HindsightMemoryManager, SQLiteBackend, TeamMemory, memory_retriever
from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.memory_toolkit import MemoryToolkit, NotDone
from hindsight_teams.agno.review_tools import ProposalTools, ReviewTools
from hindsight_teams.audit import NOT_RECORDED, AuditEvent, AuditStore, AuditTrail, open_audit
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import AccessDenied, AuditFailed, InvalidInput, NotFound, Unsupported
from hindsight_teams.memory.browsing import Holdings
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import ListBanks, Request, Retain
from tests.memory.team_fixtures import BankByBank

R = TypeVar("R")
NOTE = "Retries need jitter."


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditStore]:
    with closing(open_audit(tmp_path / "audit.db", keep_text=True)) as opened:
        yield opened


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    with closing(SQLiteBackend(tmp_path / "memory.db")) as opened:
        yield opened


def squad(backend: Any, audit: Any) -> TeamMemory:
    return TeamMemory(
        "squad",
        banks={"shared": "team", "notes": "member"},
        members={"coder": {"shared": "full", "notes": "full"}, "intern": {"shared": "read-only"}},
        curators=["coder"],
        proposers=["coder"],
        backend=backend,
        audit=audit,
    )


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no name")


@pytest.mark.parametrize("user", [b"ada", float("nan"), 7, object(), Odd(), ["x"]])
@pytest.mark.parametrize("name", ["user", "session", "run"])
@pytest.mark.parametrize("verb", ["retain", "recall", "reflect"])
def test_a_caller_that_is_no_text_is_refused_and_recorded(
    backend: SQLiteBackend, log: AuditStore, verb: str, name: str, user: Any
) -> None:
    with pytest.raises(InvalidInput, match=f"{name}.*{type(user).__name__}"):
        getattr(squad(backend, log).member("coder"), verb)(NOTE, caller=Caller(**{name: user}))
    [event] = log.query()
    assert (event.verb, event.outcome, event.member) == (verb, "error", "coder")


@pytest.mark.parametrize("user", ["u" * 100_000, "\ud800", "\x00", "a\nb"])
@pytest.mark.parametrize("verb", ["recall", "reflect"])
def test_a_caller_with_any_text_is_recorded(backend: SQLiteBackend, log: AuditStore, verb: str, user: str) -> None:
    getattr(squad(backend, log).member("coder"), verb)(NOTE, caller=Caller(user=user), banks=["shared"])
    [event] = log.query()
    assert (event.verb, event.outcome) == (verb, "allowed")
    assert event.user is not None
    assert len(event.user) <= 300
    assert log.verify().ok


@pytest.mark.parametrize("value", [b"ada", float("nan"), object(), Odd(), ["x"], {"a": Odd()}])
def test_no_value_is_too_odd_for_an_event(log: AuditStore, value: Any) -> None:
    log.record(AuditEvent.by(Caller(user=value, run=value), "recall", "allowed", bank=value, memory_ids=(value,)))
    [event] = log.query()
    assert isinstance(event.user, str)
    assert log.verify().ok


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("verb", "given", "error"),
    [
        ("retain", {"colour": "red"}, TypeError),
        ("retain", {"colour": "red", "caller": Caller(user=b"ada")}, TypeError),  # type: ignore[arg-type]
        ("recall", {"colour": "red"}, TypeError),
        ("reflect", {"colour": "red"}, TypeError),
        ("recall", {"caller": "ada"}, InvalidInput),
        ("retain", {"caller": {"user": "ada"}}, InvalidInput),
        ("retain", {"bank": 7}, AccessDenied),
        ("retain", {"bank": "shared", "tags": 7}, InvalidInput),
        ("recall", {"banks": 7}, TypeError),
        ("recall", {"banks": "elsewhere"}, AccessDenied),
        ("reflect", {"budget": "all"}, InvalidInput),
    ],
)
async def test_a_call_with_a_bad_argument_is_recorded(
    backend: SQLiteBackend, log: AuditStore, verb: str, given: Any, error: Any, asynchronous: bool
) -> None:
    member = squad(backend, log).member("coder")

    async def call() -> None:
        answer = getattr(member, f"a{verb}" if asynchronous else verb)(NOTE, **given)
        if asynchronous:
            await answer

    with pytest.raises(error):
        await call()
    assert {(e.verb, e.member, e.error) for e in log.query()} == {(verb, "coder", error.__name__)}
    assert "allowed" not in {e.outcome for e in log.query()}


@pytest.mark.parametrize("verb", ["retain", "recall", "reflect"])
def test_a_call_with_an_option_that_there_is_not_is_recorded_with_its_caller(
    backend: SQLiteBackend, log: AuditStore, verb: str
) -> None:
    with pytest.raises((InvalidInput, TypeError), match="nonsense"):
        getattr(squad(backend, log).member("coder"), verb)(
            NOTE, caller=Caller(None, None, "ada", "s1", "r1"), nonsense=1
        )
    [event] = log.query()
    assert (event.verb, event.outcome, event.member) == (verb, "error", "coder")
    assert (event.user, event.session, event.run) == ("ada", "s1", "r1")


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("retain_many", {"items": [RetainItem(NOTE)], "caller": "ada"}),
        ("retain_many", {"items": [RetainItem(NOTE)], "caller": Caller(user=b"ada")}),  # type: ignore[arg-type]
        ("retain_many", {"items": [NOTE]}),
        ("retain_many", {"items": NOTE}),
        ("retain_many", {"items": None}),
        ("propose", {"text": NOTE, "to": "shared", "caller": "ada"}),
        ("propose", {"text": NOTE, "to": ["shared"]}),
        ("propose_many", {"items": [RetainItem(NOTE)], "to": "shared", "caller": "ada"}),
        ("propose_many", {"items": [RetainItem(NOTE), 7], "to": "shared"}),
        ("page", {"limit": 0}),
        ("page", {"limit": "all"}),
    ],
)
async def test_a_call_for_many_or_for_review_with_a_bad_argument_is_recorded_once(
    backend: SQLiteBackend, log: AuditStore, method: str, given: dict[str, Any], asynchronous: bool
) -> None:
    team = squad(backend, log)
    verb = {"retain_many": "retain", "page": "review"}.get(method, "propose")
    by_verb: dict[str, Callable[[str], Any]] = {
        "retain": team.member,
        "review": team.reviews,
        "propose": team.proposals,
    }
    does = by_verb[verb]("coder")
    more = {"bank": "shared"} if verb == "retain" else {}

    async def call() -> None:
        answer = getattr(does, f"a{method}" if asynchronous else method)(**given, **more)
        if asynchronous:
            await answer

    with pytest.raises(InvalidInput):
        await call()
    assert [(e.verb, e.outcome, e.member, e.error) for e in log.query()] == [(verb, "error", "coder", "InvalidInput")]
    assert backend.list_banks() == []


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("selection", "error"),
    [
        ({}, InvalidInput),
        ({"author": "", "user": "ada"}, InvalidInput),
        ({"user": "ada", "document_id": " \u200b"}, InvalidInput),
        ({"user": "ada", "author": 7}, InvalidInput),
        ({"user": "ada", "memory_ids": 7}, InvalidInput),
        ({"user": "ada", "memory_ids": [7]}, InvalidInput),
        ({"user": "ada", "tags": "x"}, InvalidInput),
        ({"user": "ada", "colour": "red"}, TypeError),
    ],
)
async def test_a_selection_that_can_not_be_forgotten_is_recorded_and_deletes_nothing(
    backend: SQLiteBackend, log: AuditStore, selection: Any, error: type[Exception], dry_run: bool
) -> None:
    team = squad(backend, log)
    team.member("coder").retain(NOTE, bank="shared", caller=Caller(user="ada"))
    with pytest.raises(error):
        team.forget(dry_run=dry_run, actor="vera", **selection)
    with pytest.raises(error):
        await team.aforget(dry_run=dry_run, actor="vera", **selection)
    events = log.query()[1:]
    told = ("preview" if dry_run else "forget", "error", error.__name__, "vera", selection.get("user"), "squad")
    assert [(e.verb, e.outcome, e.error, e.actor, e.user, e.team) for e in events] == [told] * 2
    assert [memory.text for memory in backend.list_memories("squad:shared").memories] == [NOTE]


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("retain_memory", {"bank": "shared"}),
        ("retain_memory", {"content": NOTE, "bank": "elsewhere"}),
        ("recall_memory", {"query": None}),
        ("reflect_on_memory", {"query": []}),
        ("propose_memory", {"memory": NOTE, "bank": "elsewhere", "reason": "r"}),
        ("list_reviews", {"page": 0}),
        ("list_reviews", {"page": "all"}),
        ("list_reviews", {"page": True}),
    ],
)
async def test_a_tool_whose_arguments_can_not_be_read_is_recorded(
    backend: SQLiteBackend, log: AuditStore, tool: str, given: dict[str, Any], asynchronous: bool
) -> None:
    team = squad(backend, log)
    toolkit: MemoryToolkit = {
        "propose_memory": ProposalTools(team.proposals("coder")),
        "list_reviews": ReviewTools(team.reviews("coder")),
    }.get(tool) or team.tools("coder")
    functions = toolkit.async_functions if asynchronous else toolkit.functions
    entrypoint: Any = functions[tool].entrypoint
    run = RunContext(run_id="r1", session_id="s1", user_id="ada")
    with suppress(InvalidInput):
        answer = entrypoint(run_context=run, **given)
        assert isinstance(await answer if asynchronous else answer, NotDone)
    verb = {"list_reviews": "review"}.get(tool, tool.partition("_")[0])
    [event] = log.query()
    assert (event.verb, event.outcome, event.error, event.member) == (verb, "error", "InvalidInput", "coder")
    assert (event.team, event.user, event.session, event.run) == ("squad", "ada", "s1", "r1")


@pytest.mark.parametrize("caller", ["ada", None, Caller(user=7)])  # type: ignore[arg-type]
def test_a_bank_that_is_listed_for_no_caller_is_recorded(backend: SQLiteBackend, log: AuditStore, caller: Any) -> None:
    holdings = Holdings(squad(backend, log).member("coder"), "shared")
    assert holdings.newest(1, caller=Caller(user="ada")) == []
    with suppress(InvalidInput):
        holdings.newest(1, caller=caller)
    _, event = log.query()
    assert (event.verb, event.member, event.outcome) == ("recall", "coder", "allowed" if caller is None else "error")


@pytest.mark.parametrize("whole", [True, False], ids=["all at once", "bank by bank"])
def test_a_look_for_one_memory_is_recorded_with_what_it_found(
    backend: SQLiteBackend, log: AuditStore, whole: bool
) -> None:
    member = squad(backend if whole else BankByBank(backend), log).member("coder")
    ids = [member.retain(f"Note {n}.", bank="shared").memory_ids[0] for n in range(3)]
    [elsewhere] = member.retain(NOTE, bank="notes").memory_ids
    holdings, ada = Holdings(member, "shared"), Caller(user="ada")
    found = [holdings.find(one, caller=ada) for one in (*ids, elsewhere, "nothing")]
    assert [memory and memory.text for memory in found] == ["Note 0.", "Note 1.", "Note 2.", None, None]
    assert [list(e.memory_ids) for e in log.query(verb="recall")] == [[ids[0]], [ids[1]], [ids[2]], [], []]


def test_a_look_that_fails_is_recorded_with_its_bank(backend: SQLiteBackend, log: AuditStore) -> None:
    class Broken(DelegatingBackend):
        def execute(self, request: Request[R], /) -> R:
            raise NotFound("no such thing")

    with pytest.raises(NotFound):
        Holdings(squad(Broken(backend), log).member("coder"), "shared").newest(3, caller=Caller(user="ada"))
    [event] = log.query()
    assert (event.bank, event.bank_id, event.outcome) == ("shared", "squad:shared", "error")


def test_agnos_own_places_for_memory_record_a_call_that_can_not_be_read(
    backend: SQLiteBackend, log: AuditStore
) -> None:
    member = squad(backend, log).member("coder")
    retrieve = memory_retriever(member, banks=["shared"])
    run = RunContext(run_id="r1", session_id="s1", user_id="ada")
    for filters in (["x"], {"colour": "red"}, {"banks": ["notes"]}):
        with pytest.raises(InvalidInput):
            retrieve("jitter", run_context=run, filters=filters)
    own = TeamMemory(
        "squad", banks={"own": "user"}, members={"coder": {"own": "full"}}, backend=backend, audit=log
    ).member("coder")
    manager = HindsightMemoryManager(own)
    with pytest.raises(InvalidInput):
        manager.search_user_memories(retrieval_method="agentic", user_id="ada")
    with pytest.raises(InvalidInput):
        manager.create_user_memories(user_id="ada")
    verbs = [(event.verb, event.outcome, event.user) for event in log.query()]
    assert verbs == [("recall", "error", "ada")] * 4 + [("retain", "error", "ada")]


@pytest.mark.parametrize(
    ("request_", "error"), [(ListBanks(), Unsupported), (Retain(items=()), InvalidInput)], ids=["verb", "nothing"]
)
def test_a_request_that_no_member_can_make_is_recorded(
    backend: SQLiteBackend, log: AuditStore, request_: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        squad(backend, log).member("coder").execute(request_)
    [event] = log.query()
    assert (event.verb, event.error) == (request_.verb if error is Unsupported else "retain", error.__name__)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, MemoryError, TypeError, asyncio.CancelledError])
@pytest.mark.parametrize("verb", ["retain", "recall", "reflect"])
@pytest.mark.parametrize("after", [False, True], ids=["before it is made", "after it was made"])
def test_a_call_that_is_broken_off_is_recorded(
    backend: SQLiteBackend, log: AuditStore, verb: str, raised: type[BaseException], after: bool
) -> None:
    class Broken(DelegatingBackend):
        def execute(self, request: Request[R], /) -> R:
            if after:
                super().execute(request)
            raise raised

    where = {"bank": "shared"} if verb == "retain" else {"banks": ["shared"]}
    with pytest.raises(raised):
        getattr(squad(Broken(backend), log).member("coder"), verb)(NOTE, **where)
    [event] = log.query()
    assert (event.verb, event.outcome, event.error, event.bank) == (verb, "error", raised.__name__, "shared")


async def test_a_retain_that_is_cancelled_at_any_step_is_recorded(backend: SQLiteBackend, log: AuditStore) -> None:
    """The loop takes a different number of turns before each cancellation, from before the write to after it."""
    member = squad(backend, log).member("coder")
    started = 0
    for turns in range(0, 60, 2):
        call = asyncio.create_task(member.aretain(f"Note {turns}.", bank="shared"))
        for _ in range(turns):
            await asyncio.sleep(0)
        if turns:
            started += 1
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    assert len(log.query(verb="retain")) == started


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_forgetting_that_is_cancelled_before_it_looks_is_recorded(
    backend: SQLiteBackend, log: AuditStore, dry_run: bool
) -> None:
    """It first waits, in a thread, for what runs left to be stored."""
    memory = squad(backend, log)
    for turns in (1, 2, 4):
        call = asyncio.create_task(memory.aforget(user=f"ada{turns}", dry_run=dry_run, actor="vera"))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    verb = "preview" if dry_run else "forget"
    assert [(e.verb, e.outcome, e.user, e.actor) for e in log.query()] == [
        (verb, "error", f"ada{turns}", "vera") for turns in (1, 2, 4)
    ]


class Full:
    """A sink on a full disk."""

    def __init__(self) -> None:
        self.working = False
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        if not self.working:
            raise OSError("no space left")
        self.events.append(event)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_call_that_could_not_be_recorded_says_so(backend: SQLiteBackend, wrapped: bool) -> None:
    member = squad(backend, AuditTrail(Full()) if wrapped else Full()).member("coder")
    assert NOT_RECORDED in member.retain(NOTE, bank="shared").notes
    assert NOT_RECORDED in member.recall("jitter").notes
    assert NOT_RECORDED in member.reflect("Why jitter?").notes
    with pytest.raises(AccessDenied):
        member.recall("jitter", banks=["elsewhere"])


def test_a_forgetting_and_a_decision_that_could_not_be_recorded_say_so(backend: SQLiteBackend) -> None:
    memory = squad(backend, Full())
    memory.member("coder").retain(NOTE, bank="notes", caller=Caller(user="ada"))
    for user, dry_run in (("ada", True), ("nobody", True), ("ada", False)):
        assert memory.forget(user=user, dry_run=dry_run).notes == (NOT_RECORDED,)
    first, second = memory.proposals("coder").propose_many([RetainItem("One."), RetainItem("Two.")], to="shared")
    reviews = memory.reviews("coder")
    for decide, item in ((reviews.approve, first), (reviews.reject, second), (reviews.revoke, first)):
        assert decide(item.id).notes == (NOT_RECORDED,)


def test_a_recorded_call_has_nothing_to_say_of_it(backend: SQLiteBackend, log: AuditStore) -> None:
    member = squad(backend, log).member("coder")
    assert NOT_RECORDED not in (*member.retain(NOTE, bank="shared").notes, *member.recall("jitter").notes)


class TestRefusing:
    """With ``audit_failure="refuse"`` what can't be recorded does not happen."""

    @pytest.fixture(autouse=True)
    def _refusing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HINDSIGHT_TEAMS_AUDIT_FAILURE", "refuse")

    def test_a_review_that_is_not_recorded_fails_and_a_decision_that_failed_says_why(
        self, backend: SQLiteBackend
    ) -> None:
        reviews = squad(backend, Full()).reviews()
        with pytest.raises(AuditFailed, match="audit_failure"):
            reviews.pending()
        with pytest.raises(NotFound, match="'x'"):
            reviews.approve("x")

    def test_nothing_is_stored_and_nothing_is_read(self, backend: SQLiteBackend) -> None:
        sink = Full()
        member = squad(backend, sink).member("coder")
        with pytest.raises(AuditFailed, match="audit_failure"):
            member.retain(NOTE, bank="shared")
        assert backend.list_banks() == []
        sink.working = True
        member.retain(NOTE, bank="shared")
        sink.working = False
        for verb in ("recall", "reflect"):
            with pytest.raises(AuditFailed):
                getattr(member, verb)("jitter")

    def test_nothing_is_proposed_and_nothing_decided(self, backend: SQLiteBackend) -> None:
        sink = Full()
        sink.working = True
        team = squad(backend, sink)
        team.member("coder").retain(NOTE, bank="notes")
        first, second, third = team.proposals("coder").propose_many(
            [RetainItem("Retries need a limit."), RetainItem("Retries need a log."), RetainItem("No.")], to="shared"
        )
        team.reviews("coder").approve(third.id)
        sink.working = False
        calls: list[Callable[[], object]] = [
            lambda: team.proposals("coder").propose(NOTE, to="shared"),
            lambda: team.proposals("coder").propose_many([RetainItem("Retries cost.")], to="shared"),
            lambda: team.reviews("coder").approve(first.id),
            lambda: team.reviews("coder").reject(second.id),
            lambda: team.reviews("coder").revoke(third.id),
        ]
        for call in calls:
            with pytest.raises(AuditFailed):
                call()
        sink.working = True
        assert {item.id for item in team.reviews().pending()} == {first.id, second.id}
        assert [m.text for m in backend.list_memories("squad:shared").memories] == ["No."]

    def test_a_denial_stays_a_denial(self, backend: SQLiteBackend) -> None:
        with pytest.raises(AccessDenied):
            squad(backend, Full()).member("intern").retain(NOTE, bank="shared")

    def test_a_write_is_recorded_before_it_is_made(self, backend: SQLiteBackend, log: AuditStore) -> None:
        squad(backend, log).member("coder").retain(NOTE, bank="shared")
        assert [(e.verb, e.outcome, e.bank) for e in log.query()] == [
            ("retain", "begun", "shared"),
            ("retain", "allowed", "shared"),
        ]


class TestBounds:
    """What a caller chose is short wherever it is shown."""

    LONG = "q" * 1_000_000

    @pytest.mark.parametrize(
        ("verb", "given"),
        [
            ("retain", {"bank": LONG}),
            ("retain", {"bank": "shared", "tags": [f"author:{LONG}"]}),
            ("retain", {"bank": "shared", "metadata": {LONG: 7}}),
            ("recall", {"banks": [LONG]}),
            ("recall", {"banks": [LONG] * 1_000}),
            ("recall", {"types": [LONG]}),
            ("recall", {"caller": LONG}),
            ("recall", {"tag_groups": [{LONG: LONG}]}),
        ],
    )
    def test_an_error_and_its_event_are_short(
        self, backend: SQLiteBackend, log: AuditStore, verb: str, given: dict[str, Any]
    ) -> None:
        member = squad(backend, log).member("coder")
        with pytest.raises((AccessDenied, InvalidInput)) as raised:
            getattr(member, verb)("jitter", **given)
        assert len(str(raised.value)) <= 2_000
        events = log.query()
        assert 1 <= len(events) <= 20
        assert sum(len(event.canonical()) for event in events) < 40_000

    def test_a_long_message_keeps_its_beginning_and_its_end(self) -> None:
        message = InvalidInput(f"bank {self.LONG} is unknown; did you mean 'shared'?").message
        assert message.startswith("bank qqq")
        assert message.endswith("is unknown; did you mean 'shared'?")

    def test_text_that_is_kept_is_cut(self, backend: SQLiteBackend, log: AuditStore) -> None:
        squad(backend, log).member("coder").recall("long " * 100_000)
        assert all(len(event.text or "") <= 32_768 for event in log.query())
