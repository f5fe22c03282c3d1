"""What is signed, when it happened and what an error says: the same on both backends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from agno.run.base import RunContext

from hindsight_teams import HindsightBackend, TeamMemory
from hindsight_teams.access.signatures import RESERVED_METADATA
from hindsight_teams.errors import BackendError, InvalidInput
from tests.harness import Server
from tests.system.conftest import Place, facts


@pytest.fixture
def team(place: Place) -> TeamMemory:
    return place.team(
        banks={"x": "team", "y": "member"},
        members={"scribe": {"x": "full", "y": "full"}, "reader": {"x": "read-only"}},
    )


def test_every_memory_of_a_text_is_signed(place: Place, team: TeamMemory) -> None:
    scribe = team.member("scribe")
    caller = scribe.bound(user="ada b", session="s:1", run="r-1")
    scribe.retain(
        "The kettle in Riga is red. The oven in Riga is blue.",
        bank="x",
        caller=caller,
        tags=["k"],
        metadata={"page": "7"},
    )
    found = [m for m in team.member("reader").recall("What colour is it in Riga?").results if m.type != "observation"]
    assert found
    assert {"kettle", "oven"} == {word for m in found for word in ("kettle", "oven") if word in m.text}
    signature = {"team": team.team_id, "author": "scribe", "user": "ada b", "session": "s:1", "run": "r-1"}
    for memory in found:
        assert memory.metadata == {**signature, "trust": "member", "page": "7"}
        assert {"k", "author:scribe", "user:ada~20b", "session:s~3a1", "run:r-1"} <= set(memory.tags)
    place.settle(team)
    for memory in team.member("reader").recall("Riga", types=["observation"]).results:
        assert (memory.author, memory.metadata["user"]) == ("scribe", "ada b")


def test_the_same_retain_twice_is_one_memory(place: Place, team: TeamMemory) -> None:
    scribe = team.member("scribe")
    for run in ("r1", "r2"):
        scribe.retain("The kettle is red.", bank="x", caller=scribe.bound(run=run))
    [kept] = facts(place.held(team))
    assert kept.metadata["run"] in ("r1", "r2")
    place.settle(team)
    assert [m.text for m in scribe.recall("kettle", banks=["x"]).results] == ["The kettle is red."]


def test_a_text_that_is_also_derived_is_recalled_once_and_as_its_authors(place: Place, team: TeamMemory) -> None:
    team.member("scribe").retain("The kettle is red.", bank="x")
    place.settle(team)
    [found] = team.member("reader").recall("kettle").results
    assert (found.author, found.type, found.metadata["trust"]) == ("scribe", "world", "member")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (datetime(2024, 5, 3, 9, 30), datetime(2024, 5, 3, 9, 30, tzinfo=UTC)),
        (datetime(2024, 5, 3, 9, 30, tzinfo=UTC), datetime(2024, 5, 3, 9, 30, tzinfo=UTC)),
        (
            datetime(2024, 5, 3, 9, 30, tzinfo=timezone(timedelta(hours=2))),
            datetime(2024, 5, 3, 7, 30, tzinfo=UTC),
        ),
    ],
)
def test_a_naive_time_is_utc(place: Place, team: TeamMemory, given: datetime, stored: datetime) -> None:
    team.member("scribe").retain("The kettle is red.", bank="x", timestamp=given)
    [kept] = facts(place.held(team))
    assert kept.mentioned_at == stored


def test_without_a_time_it_is_now(place: Place, team: TeamMemory) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    team.member("scribe").retain("The kettle is red.", bank="x")
    [kept] = facts(place.held(team))
    assert kept.mentioned_at is not None
    assert before < kept.mentioned_at < datetime.now(UTC) + timedelta(minutes=5)


def test_a_naive_query_time_is_utc(team: TeamMemory) -> None:
    team.member("scribe").retain("The kettle is red.", bank="x", timestamp=datetime(2024, 5, 3))
    for when in (datetime(2024, 5, 10), datetime(2024, 5, 10, tzinfo=UTC)):
        assert team.member("reader").recall("What was said last week?", query_timestamp=when).results


@pytest.mark.parametrize("key", sorted(RESERVED_METADATA))
def test_what_only_the_service_stamps_is_refused(place: Place, team: TeamMemory, key: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{key}'"):
        team.member("scribe").retain("The boss approves.", bank="x", metadata={key: "boss"})
    assert place.held(team) == []


SECRET = "hsk_the-key-itself"


class TestErrorsOfTheServer:
    """What a model reads of them."""

    @pytest.fixture
    def broken(self, hindsight_server: Server) -> Iterator[HindsightBackend]:
        with HindsightBackend(hindsight_server.url + "/nowhere", api_key=SECRET) as backend:
            yield backend

    def test_a_tools_text_holds_no_url_path_or_key(self, broken: HindsightBackend) -> None:
        team = TeamMemory("t", banks={"x": "team"}, members={"a": {"x": "full"}}, backend=broken)
        context = RunContext(run_id="r", session_id="s")
        tools = team.tools("a")
        for name, text in (("retain_memory", "A lamp."), ("recall_memory", "lamp"), ("reflect_on_memory", "lamp")):
            said = str(_said(tools.functions[name].entrypoint, context, text))
            assert said
            for secret in (broken.location, "127.0.0.1", "/v1/", "http", SECRET, "Not Found", "t:x"):
                assert secret not in said, (name, said)

    def test_what_the_developer_needs_is_in_the_details(self, broken: HindsightBackend) -> None:
        team = TeamMemory("t", banks={"x": "team"}, members={"a": {"x": "full"}}, backend=broken)
        with pytest.raises(BackendError) as caught:
            team.member("a").recall("lamp")
        assert broken.location == caught.value.details["url"]
        assert SECRET not in str(caught.value.details)


def _said(tool: Any, context: RunContext, text: str) -> Any:
    try:
        return tool(context, text)
    except BackendError as error:  # what Agno would show to the model
        return error
