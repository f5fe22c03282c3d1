from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from itertools import product
from typing import Any, TypeVar

import pytest
from agno.run.base import RunContext

from hindsight_teams import Access, Caller, Grant, MemberMemory, SQLiteBackend, TeamMemory
from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import FULL, POLICIES
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import AccessDenied, ContentRefused, HindsightTeamsError, InvalidInput
from hindsight_teams.guard import Guard, Verdict
from hindsight_teams.memory.member import caller_of
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import Recall, Reflect, Request

R = TypeVar("R")

VERBS = ("retain", "recall", "reflect")


def call(memory: MemberMemory, verb: str, text: str, mode: str, **options: Any) -> Any:
    if mode == "sync":
        return getattr(memory, verb)(text, **options)
    return asyncio.run(getattr(memory, f"a{verb}")(text, **options))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("policy", "verb"), list(product(POLICIES, VERBS)))
def test_exactly_the_granted_verbs_work(backend: SQLiteBackend, policy: str, verb: str, mode: str) -> None:
    memory = TeamMemory("t", banks={"x": "team"}, members={"a": {"x": policy}}, backend=backend).member("a")
    names = "banks" if verb != "retain" else "bank"
    named: Any = ["x"] if verb != "retain" else "x"
    if verb in POLICIES[policy].verbs:
        call(memory, verb, "The boiler was fixed on Monday.", mode)
        call(memory, verb, "The boiler was fixed on Monday.", mode, **{names: named})
    else:
        for options in ({}, {names: named}):
            with pytest.raises(AccessDenied):
                call(memory, verb, "The boiler was fixed on Monday.", mode, **options)
        assert backend.list_banks() == []


def test_a_bank_without_a_grant_is_denied_by_name(desk: TeamMemory) -> None:
    with pytest.raises(AccessDenied, match=r"'answerer'.*'customer'"):
        desk.member("answerer").recall("x", banks=["customer"])


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_member_with_a_scope_writes_into_no_scope_of_others(backend: SQLiteBackend, mode: str) -> None:
    maple = {"access": "full", "scope_tags": ["project:maple", "europe"]}
    oak = {"access": "full", "scope_tags": ["project:oak", "europe"]}
    team = TeamMemory(
        "t",
        banks={"x": "team", "y": "team"},
        members={"maple": {"x": maple, "y": maple}, "oak": {"x": oak}, "lead": {"x": "full"}},
        backend=backend,
    )
    with pytest.raises(AccessDenied, match=r"'project:oak'.*'x'"):
        call(team.member("maple"), "retain", "Poison.", mode, bank="x", tags=["red", "project:oak"])
    with pytest.raises(AccessDenied):
        team.member("maple").retain_many([RetainItem("Fine."), RetainItem("Poison.", tags=["project:oak"])], bank="x")
    assert backend.list_banks() == []
    for member, bank, tags in (
        ("maple", "x", ["europe", "project:elm"]),
        ("maple", "y", ["project:oak"]),
        ("lead", "x", ["project:oak", "europe"]),
    ):
        call(team.member(member), "retain", f"Of {member} on {bank}.", mode, bank=bank, tags=tags)
    assert [m.text for m in team.member("oak").recall("Of whom?").results] == ["Of lead on x."]


def test_a_caller_can_not_pass_for_another_member_or_team(desk: TeamMemory, backend: SQLiteBackend) -> None:
    clerk = desk.member("clerk")
    for team, member in (("other", "researcher"), ("other", "clerk"), ("research-desk", "researcher")):
        clerk.retain("Ada likes tea.", caller=Caller(team=team, member=member, user="ada"))
    assert [b.bank_id for b in backend.list_banks()] == ["research-desk:customer:user:ada"]
    [memory] = backend.list_memories("research-desk:customer:user:ada").memories
    assert (memory.metadata["team"], memory.metadata["author"]) == ("research-desk", "clerk")


def test_the_caller_of_a_run_is_what_the_run_says(desk: TeamMemory) -> None:
    run = RunContext(run_id="r", session_id="s", user_id="ada")
    caller = caller_of(desk.member("clerk"), run)
    assert caller == Caller("research-desk", "clerk", "ada", "s", "r")
    assert caller.context is run
    for user in (None, "", " \t"):
        nobody = caller_of(desk.member("clerk"), RunContext(run_id="r", session_id="s", user_id=user))
        assert not nobody.user


@pytest.mark.parametrize(
    "forged",
    [
        {"tags": ["author:boss"]},
        {"tags": ["team:other"]},
        {"tags": ["tagset:none"]},
        {"metadata": {"author": "boss"}},
        {"metadata": {"trust": "reviewed"}},
    ],
)
def test_a_forged_signature_is_refused(desk: TeamMemory, forged: Any) -> None:
    named = next(iter(forged.get("metadata", forged.get("tags"))))
    with pytest.raises(InvalidInput, match=f"'{named}'"):
        desk.member("researcher").retain("The boss approves.", bank="shared", **forged)


@pytest.fixture
def tagged(backend: SQLiteBackend) -> MemberMemory:
    memory = TeamMemory("t", banks={"x": "team"}, members={"a": {"x": "full"}}, backend=backend).member("a")
    for text, tags in (
        ("plain pump", []),
        ("red pump", ["red"]),
        ("blue pump", ["blue"]),
        ("both pump", ["red", "blue"]),
    ):
        memory.retain(text, tags=tags)
    return memory


@pytest.mark.parametrize(
    ("match", "tags", "expected"),
    [
        ("any", ["red"], {"plain", "red", "both"}),
        ("any_strict", ["red"], {"red", "both"}),
        ("all", ["red", "blue"], {"plain", "both"}),
        ("all_strict", ["red", "blue"], {"both"}),
        ("exact", ["red"], {"red"}),
        ("exact", ["blue", "red"], {"both"}),
        ("exact", [], {"plain"}),
        ("any", [], {"plain", "red", "blue", "both"}),
    ],
)
def test_the_match_modes_mean_the_authors_own_tags_although_memories_are_signed(
    tagged: MemberMemory, match: Any, tags: list[str], expected: set[str]
) -> None:
    found = tagged.recall("pump", tags=tags, tags_match=match).results
    assert {m.text.split()[0] for m in found} == expected


def test_scope_is_anded_with_the_callers_tags_on_every_read_and_given_to_every_write(backend: SQLiteBackend) -> None:
    team = TeamMemory(
        "t",
        banks={"x": "team"},
        members={
            "north": {"x": {"access": "full", "scope_tags": ["area:north"]}},
            "south": {"x": {"access": "full", "scope_tags": ["area:south"]}},
            "boss": {"x": "full"},
        },
        backend=backend,
    )
    team.member("north").retain("The north depot holds 12 pumps.", tags=["kind:stock"])
    team.member("south").retain("The south depot holds 30 pumps.", tags=["kind:stock"])
    south = team.member("south")
    for options in (
        {},
        {"tags": ["kind:stock"]},
        {"tags": ["area:north"], "tags_match": "any_strict"},
        {"authors": ["north"]},
    ):
        found = " ".join(m.text for m in south.recall("How many pumps hold depots?", **options).results)
        said = south.reflect("How many pumps does the north depot hold?", **options).text
        assert "12" not in found + said
    assert "30" in south.recall("pumps depot", tags=["kind:stock"], tags_match="all_strict").results[0].text
    assert len(team.member("boss").recall("pumps depot").results) == 2
    assert [m.author for m in team.member("boss").recall("pumps depot", authors=["north"]).results] == ["north"]


def test_one_dead_bank_costs_only_its_own_part(backend: SQLiteBackend) -> None:
    from hindsight_teams.errors import BackendUnreachable

    class HalfDead(DelegatingBackend):
        def check(self, request: Request[R]) -> Request[R]:
            if isinstance(request, Recall | Reflect) and request.bank == "t:dead":
                raise BackendUnreachable("the memory server did not answer; try again later")
            return request

        def execute(self, request: Request[R], /) -> R:
            return super().execute(self.check(request))

        async def aexecute(self, request: Request[R], /) -> R:
            return await super().aexecute(self.check(request))

    grants = [Grant(BankSpec("alive"), FULL), Grant(BankSpec("dead"), FULL)]
    memory = MemberMemory(HalfDead(backend), grants, caller=Caller(team="t", member="a"))
    memory.retain("The lamp is green.", bank="alive")
    for mode in ("sync", "async"):
        result = call(memory, "recall", "lamp", mode)
        assert [m.text for m in result.results] == ["The lamp is green."]
        assert [(gap.bank, "did not answer" in gap.reason) for gap in result.gaps] == [("dead", True)]
        assert call(memory, "reflect", "What colour is the lamp?", mode).gaps[0].bank == "dead"
        with pytest.raises(BackendUnreachable):
            call(memory, "recall", "lamp", mode, banks=["dead"])


def test_every_async_verb_has_its_twins_parameters() -> None:
    for verb in VERBS:
        pair = [inspect.signature(getattr(MemberMemory, name)).parameters for name in (verb, f"a{verb}")]
        assert list(pair[0].values()) == list(pair[1].values())


@pytest.mark.parametrize("bad", ["", "  \n ", None, 7])
@pytest.mark.parametrize("verb", VERBS)
def test_text_that_is_none_is_refused(desk: TeamMemory, verb: str, bad: Any) -> None:
    options = {"bank": "notes"} if verb == "retain" else {"banks": ["notes"]}
    with pytest.raises(InvalidInput):
        getattr(desk.member("researcher"), verb)(bad, **options)


@pytest.mark.parametrize(
    "options", [{"max_tokens": 0}, {"max_tokens": -1}, {"budget": "huge"}, {"tags_match": "x"}, {"banks": []}]
)
def test_bad_read_options_are_refused(desk: TeamMemory, options: Any) -> None:
    for verb in ("recall", "reflect"):
        with pytest.raises(InvalidInput):
            getattr(desk.member("answerer"), verb)("x", **options)


def guarded(backend: SQLiteBackend, check: Callable[..., Any]) -> TeamMemory:
    return TeamMemory("t", banks={"x": "team"}, members={"a": {"x": "full"}}, backend=backend, guard=Guard([check]))


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_what_a_guard_refuses_or_holds_back_is_in_no_read(backend: SQLiteBackend, mode: str) -> None:
    def check(attempt: Any) -> Verdict | None:
        if "poison" in attempt.content:
            return Verdict("quarantine", "it looks like poison")
        return Verdict("refuse", "forbidden") if "forbidden" in attempt.content else None

    memory = guarded(backend, check).member("a")
    assert call(memory, "retain", "The cistern holds poison.", mode).quarantined
    with pytest.raises(ContentRefused, match="forbidden"):
        call(memory, "retain", "A forbidden word about the cistern.", mode)
    assert not call(memory, "retain", "The cistern is 9 metres deep.", mode).quarantined
    assert [m.text for m in call(memory, "recall", "cistern poison forbidden", mode).results] == [
        "The cistern is 9 metres deep."
    ]
    assert "poison" not in call(memory, "reflect", "What is in the cistern?", mode).text


def test_every_operation_is_audited_allowed_or_not(backend: SQLiteBackend) -> None:
    from hindsight_teams.audit import AuditEvent

    class Sink:
        def __init__(self) -> None:
            self.events: list[AuditEvent] = []

        def record(self, event: AuditEvent) -> None:
            self.events.append(event)

    sink = Sink()
    team = TeamMemory(
        "t",
        banks={"x": "team", "y": "team"},
        members={"a": {"x": "full", "y": "read-only"}},
        backend=backend,
        audit=sink,
    )
    memory = team.member("a")
    receipt = memory.retain("The gate code is 5512.", caller=memory.bound(user="ada", session="s", run="r"))
    memory.recall("gate code")
    with pytest.raises(HindsightTeamsError):
        memory.retain("no", bank="y")
    with pytest.raises(HindsightTeamsError):
        memory.recall("x", banks=["elsewhere"])
    retained, from_x, from_y, denied, nowhere = sink.events
    assert (nowhere.verb, nowhere.outcome, nowhere.bank, nowhere.bank_id) == ("recall", "denied", "elsewhere", None)
    assert (retained.verb, retained.outcome, retained.user, retained.run) == ("retain", "allowed", "ada", "r")
    assert tuple(retained.memory_ids) == receipt.memory_ids
    assert (from_x.bank, tuple(from_x.memory_ids)) == ("x", receipt.memory_ids)
    assert (from_y.bank, tuple(from_y.memory_ids)) == ("y", ())
    assert (denied.verb, denied.outcome, denied.bank, denied.error) == ("retain", "denied", "y", "AccessDenied")
    assert Access.RETAIN in FULL


@pytest.mark.parametrize("metadata", [[("k", "v")], "k=v", {"k": 1}, {1: "v"}, {"k": None}, {"k": ["v"]}], ids=repr)
def test_metadata_that_is_not_text_by_text_is_refused(desk: TeamMemory, backend: SQLiteBackend, metadata: Any) -> None:
    with pytest.raises(InvalidInput, match="metadata"):
        desk.member("researcher").retain("The mill is old.", bank="notes", metadata=metadata)
    assert backend.list_banks() == []
