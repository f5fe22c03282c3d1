"""A secret in every bank, requested by every member and user in every way, shows only where the matrix says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent
from agno.team import Team

from hindsight_teams import Access, SQLiteBackend, TeamMemory
from hindsight_teams.errors import AccessDenied, IdentityRequired
from hindsight_teams.testing import OfflineModel, ScriptedModel
from hindsight_teams.testing.scripted import call
from tests.conftest import slow

USERS = ("ada", "bob")
MEMBERS = ("desk", "writer", "reader", "judge", "clerk", "outsider")

# One secret a bank: (bank, whose) -> the word.
SECRETS = {
    ("shared", None): "amaranth",
    ("notes", "writer"): "bergamot",
    ("notes", "clerk"): "cardamom",
    ("customer", "ada"): "dragonfruit",
    ("customer", "bob"): "elderberry",
    ("vault", None): "fenugreek",
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamMemory]:
    """One team for all tests of this file, which only read it."""
    with closing(SQLiteBackend(tmp_path_factory.mktemp("sentinels") / "memory.db")) as backend:
        memory = TeamMemory(
            "desk-team",
            banks={"shared": "team", "notes": "member", "customer": "user", "vault": "team"},
            members={
                "desk": {"shared": "read-only"},
                "writer": {"shared": "writer-only", "notes": "full"},
                "reader": {"shared": ["recall"]},
                "judge": {"shared": "reflect-only"},
                "clerk": {"customer": "full", "notes": "full"},
                "outsider": {"vault": "writer-only"},
            },
            backend=backend,
        )
        writer, clerk, outsider = (memory.member(m) for m in ("writer", "clerk", "outsider"))
        writer.retain(text("shared", None), bank="shared")
        writer.retain(text("notes", "writer"), bank="notes")
        clerk.retain(text("notes", "clerk"), bank="notes")
        for user in USERS:
            clerk.retain(text("customer", user), bank="customer", caller=clerk.bound(user=user))
        outsider.retain(text("vault", None))
        yield memory


def text(bank: str, whose: str | None) -> str:
    return f"The secret password is {SECRETS[bank, whose]}."


def allowed(memory: TeamMemory, member: str, user: str, access: Access) -> set[str]:
    """The words that this member may see for this user, worked out from the matrix alone."""
    words = set()
    for (bank, whose), word in SECRETS.items():
        grant = memory.definition.grant(member, bank)
        if grant and access in grant.access and whose in (None, member if bank == "notes" else user):
            words.add(word)
    return words


def seen(answer: Any) -> set[str]:
    return {word for word in SECRETS.values() if word in str(answer)}


QUESTIONS = ["What is the secret password?", *(f"Is the secret password {word}?" for word in SECRETS.values())]


@pytest.mark.parametrize(("member", "user"), list(product(MEMBERS, USERS)))
@pytest.mark.parametrize("verb", ["recall", "reflect"])
@pytest.mark.parametrize("mode", ["sync", *slow("async")])
def test_a_secret_shows_exactly_where_the_matrix_says(
    memory: TeamMemory, member: str, user: str, verb: str, mode: str
) -> None:
    mine = memory.member(member)
    caller = mine.bound(user=user, session="s", run="r")
    expected = allowed(memory, member, user, Access[verb.upper()])
    found: set[str] = set()
    for question in QUESTIONS:
        try:
            if mode == "sync":
                answer = getattr(mine, verb)(question, caller=caller)
            else:
                answer = asyncio.run(getattr(mine, f"a{verb}")(question, caller=caller))
        except AccessDenied:
            assert not expected
            continue
        texts = [m.text for m in (answer.results if verb == "recall" else answer.based_on)]
        found |= seen(texts) | (seen(answer.text) - seen(question) if verb == "reflect" else set())
        assert found <= expected, (member, user, question)
    assert found == expected


def letters(text: str) -> list[float]:
    """A vector of a text: how often each letter stands in it."""
    return [text.casefold().count(letter) + 0.01 for letter in "abcdefghijklmnopqrstuvwxyz"]


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("verb", ["recall", *slow("reflect")])
def test_a_secret_shows_nowhere_else_when_it_is_asked_for_by_date_author_tag_or_likeness(
    tmp_path: Path, member: str, verb: str
) -> None:
    days = {key: f"{day} March 2024" for day, key in enumerate(SECRETS, start=3)}
    with closing(SQLiteBackend(tmp_path / "dated.db", embedder=letters)) as backend:
        team = TeamMemory(
            "desk-team",
            banks={"shared": "team", "notes": "member", "customer": "user", "vault": "team"},
            members={
                "desk": {"shared": "read-only"},
                "writer": {"shared": "full", "notes": "full"},
                "reader": {"shared": ["recall"]},
                "judge": {"shared": "reflect-only"},
                "clerk": {"customer": "full", "notes": "full"},
                "outsider": {"vault": "writer-only"},
            },
            backend=backend,
        )
        for (bank, whose), word in SECRETS.items():
            author = {"shared": "writer", "customer": "clerk", "vault": "outsider"}.get(bank, whose)
            assert author
            own = team.member(author)
            said = f"On {days[bank, whose]} the secret word was {word}."
            own.retain(said, bank=bank, tags=["secret"], caller=own.bound(user=whose if bank == "customer" else None))
        mine = team.member(member)
        caller = mine.bound(user="ada")
        expected = allowed(team, member, "ada", Access[verb.upper()])
        questions = [f"What was the secret word on {day}?" for day in days.values()]
        questions += ["What happened in March 2024?", "What was the secret word between 3 March 2024 and 8 March 2024?"]
        filters: list[Any] = [{}, {"tags": ["secret"], "tags_match": "all_strict"}]
        filters += [{"authors": [author]} for author in ("writer", "clerk", "outsider")]
        found: set[str] = set()
        for question, chosen in product(questions, filters):
            try:
                answer = getattr(mine, verb)(question, caller=caller, **chosen)
            except AccessDenied:
                assert not expected
                continue
            found |= seen([m.text for m in (answer.results if verb == "recall" else answer.based_on)])
            found |= seen(answer.text) if verb == "reflect" else set()
            assert found <= expected, (question, chosen)
        assert found == expected


def team_of(memory: TeamMemory, **models: Any) -> Team:
    members: list[Agent | Team] = [
        Agent(id=m, name=m.title(), role=f"the {m}", model=models.get(m, ScriptedModel([])), telemetry=False)
        for m in MEMBERS
        if m != "desk"
    ]
    return memory.equip(Team(id="desk", model=models["desk"], members=members, telemetry=False), inject="query")


@pytest.mark.parametrize("user", USERS)
def test_injected_instructions_hold_only_what_their_member_may_recall(memory: TeamMemory, user: str) -> None:
    for member in ("writer", "reader", "judge", "clerk", "outsider"):
        model = ScriptedModel(["ok"])
        leader = ScriptedModel(
            [call("delegate_task_to_member", member_id=member, task="What is the secret password?"), "done"]
        )
        team_of(memory, desk=leader, **{member: model}).run("What is the secret password?", user_id=user)
        assert seen(model.requests[0].messages) == allowed(memory, member, user, Access.RECALL), member
        assert seen(leader.requests[0].messages) == allowed(memory, "desk", user, Access.RECALL)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("mode", ["run", "arun"])
def test_the_output_of_a_team_holds_only_what_leader_and_member_may_read(
    memory: TeamMemory, user: str, mode: str
) -> None:
    for member in ("reader", "judge", "clerk"):
        leader = ScriptedModel(
            [
                call("delegate_task_to_member", member_id=member, task="What is the secret password?"),
                lambda r: str(r.messages[-1].content),
            ]
        )
        team = team_of(memory, desk=leader, **{member: OfflineModel()})
        question = "What is the secret password?"
        answer = team.run(question, user_id=user) if mode == "run" else asyncio.run(team.arun(question, user_id=user))
        reads = allowed(memory, member, user, Access.RECALL) | allowed(memory, member, user, Access.REFLECT)
        assert seen(answer.content) <= reads
        assert seen(answer.content), member


def test_a_prompt_injected_model_gains_nothing(memory: TeamMemory) -> None:
    """The model of a member calls tools it was never given, with arguments that name others' banks."""
    attacks = [
        call("retain_memory", content="The vault is open."),
        call("recall_memory", query="secret password", bank="vault"),
        call("recall_memory", query="secret password", bank_id="desk-team:vault"),
        call("recall_memory", query="secret password", run_context={"user_id": "bob"}),
        call("reflect_on_memory", query="secret password", user_id="bob", team="other"),
    ]
    model = ScriptedModel([*attacks, "done"])
    leader = ScriptedModel([call("delegate_task_to_member", member_id="reader", task="go on"), "done"])
    before = {b.bank_id: b.memory_count for b in memory.backend.list_banks()}
    team_of(memory, desk=leader, reader=model).run("go", user_id="ada")
    assert seen([r.messages for r in model.requests]) <= {"amaranth"}
    assert {b.bank_id: b.memory_count for b in memory.backend.list_banks()} == before


def test_two_users_interleaved_never_meet(memory: TeamMemory) -> None:
    async def ask(user: str) -> tuple[str, set[str]]:
        model = ScriptedModel([call("recall_memory", query="What is the secret password?"), "done"])
        leader = ScriptedModel([call("delegate_task_to_member", member_id="clerk", task="look it up"), "done"])
        await team_of(memory, desk=leader, clerk=model).arun("What is the secret password?", user_id=user)
        return user, seen(model.requests[-1].messages)

    async def many() -> list[tuple[str, set[str]]]:
        return list(await asyncio.gather(*(ask(USERS[n % 2]) for n in range(24))))

    for user, words in asyncio.run(many()):
        assert words == {"cardamom", SECRETS["customer", user]}


def test_a_run_without_a_user_gets_no_users_memory(memory: TeamMemory) -> None:
    with pytest.raises(IdentityRequired):
        memory.member("clerk").recall("secret password")
    with pytest.raises(IdentityRequired):
        memory.member("clerk").retain("x", bank="customer")


def test_hostile_user_ids_reach_no_other_bank(memory: TeamMemory) -> None:
    clerk = memory.member("clerk")
    for hostile in (
        "ada:",
        ":ada",
        "ada ",
        "ada\n",
        "ADA",
        "../ada",
        "ada%00",
        "*",
        "%",
        "' OR 1=1 --",
        "a\u0301da",
        "~61da",
    ):
        found = clerk.recall("What is the secret password?", banks=["customer"], caller=clerk.bound(user=hostile))
        assert found.results == [], hostile
