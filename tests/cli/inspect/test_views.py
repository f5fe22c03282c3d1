"""The answers of the page's server agree with the team's memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hindsight_teams import Caller, TeamMemory
from hindsight_teams.audit import open_audit
from hindsight_teams.backends.sqlite import SQLiteBackend
from tests.cli.inspect import harbour
from tests.cli.inspect.conftest import Page, Serve
from tests.harness import Server

SHARED = "harbour-desk:shared"


def what_if(page: Page, **form: Any) -> Any:
    answer = page.ask("POST", "what-if", json=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def texts(memories: list[dict[str, Any]]) -> list[str]:
    return [memory["text"] for memory in memories]


def test_the_graph_has_every_member_bank_and_grant(page: Page) -> None:
    team = page.get("team")
    assert [member["id"] for member in team["members"]] == ["researcher", "answerer", "intern", "lead"]
    assert {bank["name"]: bank["memories"] for bank in team["banks"]} == {
        "shared": 8,
        "notes": 1,
        "customer": 4,
        "room": 1,
    }
    grants = {(grant["member"], grant["bank"]): grant["access"] for grant in team["grants"]}
    assert grants["researcher", "shared"] == "writer-only"
    assert grants["intern", "customer"] == "reflect-only"
    [scoped] = [grant for grant in team["grants"] if grant["scope_tags"]]
    assert (scoped["member"], scoped["scope_tags"]) == ("intern", ["public"])


def test_the_graph_has_the_users_of_their_own_banks_and_of_shared_ones(page: Page) -> None:
    users = {user["id"]: user["banks"] for user in page.get("team")["users"]}
    assert users == {
        "ada": {"customer": 2, "shared": 8, "notes": 1},
        "grace": {"customer": 1, "room": 1},
        "alan": {"customer": 1},
    }


def test_the_page_says_who_is_looking(page: Page) -> None:
    assert page.get("team")["role"] == "reader"
    answer = page.ask("GET", "team", token=page.tokens.curator).json()
    assert (answer["role"], answer["curator"]) == ("curator", "lead")


def test_banks_are_listed_with_their_holders_and_without_the_review_bank(page: Page) -> None:
    banks = {bank["bank_id"]: bank["holder"] for bank in page.get("banks")["banks"]}
    assert banks == {
        "harbour-desk:customer:user:ada": "ada",
        "harbour-desk:customer:user:alan": "alan",
        "harbour-desk:customer:user:grace": "grace",
        "harbour-desk:notes:member:researcher": "researcher",
        "harbour-desk:room:monday": None,
        SHARED: None,
    }
    assert [bank["holder"] for bank in page.get("banks", q="ADA")["banks"]] == ["ada"]


@pytest.mark.parametrize(
    "bank", ["harbour-desk:review:queue", "other:shared", "harbour-desk", "", "harbour-desk:shared:x"]
)
@pytest.mark.parametrize("question", ["memories", "memory", "entities", "entity"])
def test_no_other_bank_of_the_file_can_be_read(page: Page, bank: str, question: str) -> None:
    page.memory.backend.retain("other:shared", "Another team's secret.")
    assert page.ask("GET", question, params={"bank": bank, "id": "1-1", "name": "x"}).status_code == 404


def test_memories_come_newest_first_with_what_is_known_of_them(page: Page) -> None:
    found = page.get("memories", bank=SHARED)
    assert texts(found["memories"]) == list(harbour.FACTS)[::-1]
    sails = found["memories"][-1]
    assert (sails["author"], sails["user"], sails["tags"]) == ("researcher", "ada", ["public", "aurora"])
    assert sails["happened"] == "happens 2027-05-03"
    assert sails["noted"] > "2026"
    assert (sails["said_by"], sails["repeated"]) == ("researcher", "")
    assert found["memories"][0]["happened"] == ""


def test_a_filter_by_author_and_tag_narrows_the_list(page: Page) -> None:
    assert page.get("memories", bank=SHARED, author="answerer")["total"] == 0
    assert page.get("memories", bank=SHARED, author="researcher", tag="fees")["total"] == 2


def test_a_search_says_why_each_memory_was_found(page: Page) -> None:
    found = page.get("memories", bank=SHARED, q="berth fee in Oslo")
    assert found["memories"][0]["text"] == "The berth fee in Oslo is 2,300 kroner a night."
    assert found["memories"][0]["signals"][0]["strategy"] == "words"


def test_one_memory_has_its_document_and_its_signature(page: Page) -> None:
    newest = page.get("memories", bank=SHARED)["memories"][0]
    shown = page.get("memory", bank=SHARED, id=newest["id"])
    assert shown["memory"]["document_id"].startswith("memory-")
    assert "author:researcher" in shown["memory"]["signature"]
    assert shown["document"]["total"] == 1
    assert page.ask("GET", "memory", params={"bank": SHARED, "id": "ffff-1"}).status_code == 404


def test_a_derived_fact_leads_to_the_text_that_it_rests_on(tmp_path: Path, serve: Serve) -> None:
    backend = SQLiteBackend(tmp_path / "facts.db", extractor=lambda text, **_: ["Nora has a dog."])
    memory = TeamMemory("desk", banks={"shared": "team"}, members={"clerk": {"shared": "full"}}, backend=backend)
    memory.member("clerk").retain("Nora told us at length about Rex.")
    page = serve(memory)
    [fact] = [m for m in page.get("memories", bank="desk:shared")["memories"] if m["text"] == "Nora has a dog."]
    shown = page.get("memory", bank="desk:shared", id=fact["id"])
    assert texts(shown["sources"]) == ["Nora told us at length about Rex."]


def test_an_approved_copy_leads_to_what_it_was_copied_from(page: Page) -> None:
    [proposal] = [item for item in page.get("reviews")["items"] if item["kind"] == "proposal"]
    done = page.ask("POST", f"reviews/{proposal['id']}/approve", token=page.tokens.curator)
    assert done.json()["outcome"] == "approved"
    copied = page.get("memories", bank=SHARED)["memories"][0]
    shown = page.get("memory", bank=SHARED, id=copied["id"])
    assert texts(shown["origin"]) == [harbour.WISHES[0][1]]
    assert shown["memory"]["metadata"]["reviewed_by"] == "lead"


def test_a_rejected_memory_is_stored_nowhere(page: Page) -> None:
    [held] = [item for item in page.get("reviews")["items"] if item["kind"] == "quarantine"]
    assert held["text"] == harbour.HOSTILE
    page.ask("POST", f"reviews/{held['id']}/reject", token=page.tokens.curator)
    assert [item["kind"] for item in page.get("reviews")["items"]] == ["proposal"]
    assert page.get("memories", bank=SHARED)["total"] == len(harbour.FACTS)
    again = page.ask("POST", f"reviews/{held['id']}/reject", token=page.tokens.curator)
    assert again.status_code == 404


def test_entities_are_counted_and_joined_by_the_memories_that_name_both(page: Page) -> None:
    graph = page.get("entities", bank=SHARED)
    counts = {entity["name"]: entity["count"] for entity in graph["entities"]}
    assert counts["Bergen"] == 4
    assert {"one": "Aurora", "other": "Bergen", "count": 1} in graph["ties"]
    assert (graph["read"], graph["memories"]) == (8, 8)


def test_an_entity_shows_what_names_it(page: Page) -> None:
    olav = page.get("entity", bank=SHARED, name="Olav Berg")
    assert olav["count"] == 2
    assert {tie["name"] for tie in olav["ties"]} >= {"Aurora", "Oslo"}
    assert len(olav["memories"]) == 2


def test_the_entities_of_a_bank_that_was_written_since_are_new(page: Page) -> None:
    before = page.get("entities", bank=SHARED)["memories"]
    page.memory.member("lead").retain("Zephyr arrives from Hamburg.", caller=Caller(user="ada"), bank="shared")
    after = page.get("entities", bank=SHARED)
    assert after["memories"] == before + 1
    assert "Hamburg" in [entity["name"] for entity in after["entities"]]


def test_the_timeline_is_newest_first_and_filtered(page: Page) -> None:
    events = page.get("audit")["events"]
    assert [event["seq"] for event in events] == sorted((event["seq"] for event in events), reverse=True)
    [denied] = page.get("audit", outcome="denied")["events"]
    assert (denied["member"], denied["verb"], denied["bank"]) == ("researcher", "recall", "shared")
    assert {event["user"] for event in page.get("audit", user="alan")["events"]} == {"alan"}


def test_the_timeline_pages_to_the_first_event_and_skips_none(page: Page, tmp_path: Path) -> None:
    member = page.memory.member("answerer")
    for number in range(150):
        member.recall(f"question {number}", caller=Caller(user="ada"), banks=["shared"])
    seen: list[int] = []
    before: int | None = None
    while True:
        part = page.get("audit", **({"before": before} if before else {}))
        seen += [event["seq"] for event in part["events"]]
        before = part["next"]
        if before is None:
            break
    with open_audit(tmp_path / "audit.db") as log:
        assert seen == [entry.seq for entry in log.entries()][::-1]


def test_the_timeline_of_another_team_in_the_same_log_is_not_shown(page: Page, tmp_path: Path) -> None:
    other = TeamMemory(
        "other",
        banks={"shared": "team"},
        members={"clerk": {"shared": "full"}},
        backend=page.memory.backend,
        audit=page.memory.audit,
    )
    other.member("clerk").retain("Another team's affair.")
    assert {event["team"] for event in page.get("audit")["events"]} == {"harbour-desk"}


def test_looking_is_recorded_on_behalf_of_no_member(page: Page) -> None:
    found = page.get("memories", bank=SHARED)["memories"]
    [event, *_] = page.get("audit", verb="inspect")["events"]
    assert "member" not in event
    assert event["memory_ids"] == [memory["id"] for memory in found]


def test_a_trial_recalls_what_the_member_would_and_says_why(page: Page) -> None:
    tried = what_if(page, member="answerer", user="ada", query="When does Aurora sail from Bergen?")
    real = page.memory.member("answerer").recall("When does Aurora sail from Bergen?", caller=Caller(user="ada"))
    assert texts(tried["memories"]) == [memory.text for memory in real.results]
    assert tried["memories"][0]["signals"]
    assert tried["tokens"] == sum(memory["tokens"] for memory in tried["memories"])
    assert 0 < tried["tokens"] < tried["shown_to_the_model"]


def test_a_trial_says_what_scope_and_rights_leave_out(page: Page) -> None:
    tried = what_if(page, member="intern", user="ada", query="Aurora")
    assert texts(tried["memories"]) == ["Aurora sails from Bergen on 3 May 2027 with 40 passengers."]
    left = {memory["text"]: memory["why"] for memory in tried["left_out"]}
    assert left["Captain Ingrid Dahl commands Aurora; her first mate is Olav Berg."] == "scope"
    assert left["Ada's cabin on Aurora is 14."] == "right"


def test_a_trial_says_what_the_limit_leaves_out(page: Page) -> None:
    tried = what_if(page, member="answerer", user="ada", query="berth fee", max_tokens=15)
    assert len(tried["memories"]) == 1
    assert "limit" in {memory["why"] for memory in tried["left_out"]}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"member": "researcher", "query": "Aurora", "user": "ada"}, None),
        ({"member": "answerer", "query": "Aurora"}, "IdentityRequired"),
    ],
)
def test_a_trial_shows_the_denial_that_the_member_would_get(
    page: Page, form: dict[str, str], error: str | None
) -> None:
    denied = what_if(page, **form)["denied"]
    assert (denied or {}).get("type") == error


def test_a_trial_records_nothing_in_the_member_s_name(page: Page) -> None:
    before = page.get("audit", member="answerer")["events"]
    what_if(page, member="answerer", user="ada", query="Aurora")
    assert page.get("audit", member="answerer")["events"] == before
    [event, *_] = page.get("audit", verb="inspect")["events"]
    assert event["reason"] == "what answerer would recall"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"member": "lead"}',
        b'{"member": "lead", "query": " "}',
        b'{"member": 1, "query": "x"}',
        b'{"member": "lead", "query": "x", "max_tokens": "7"}',
        b'{"member": "lead", "query": "x", "max_tokens": -7}',
    ],
)
def test_a_form_that_makes_no_sense_is_refused(page: Page, body: bytes) -> None:
    assert page.ask("POST", "what-if", content=body).status_code == 400


def test_an_unknown_member_is_named_with_the_nearest(page: Page) -> None:
    answer = page.ask("POST", "what-if", json={"member": "answrer", "query": "x"})
    assert answer.status_code == 400
    assert "answerer" in answer.json()["error"]["message"]


@pytest.mark.parametrize("offset", ["-1", "x", "1e3", "9" * 30])
def test_an_offset_that_is_no_number_is_refused(page: Page, offset: str) -> None:
    assert page.ask("GET", "memories", params={"bank": SHARED, "offset": offset}).status_code == 400


def test_a_team_without_a_log_or_memories_is_shown_as_it_is(tmp_path: Path, serve: Serve) -> None:
    memory = TeamMemory(
        "new",
        banks={"shared": "team"},
        members={"clerk": {"shared": "full"}},
        backend=SQLiteBackend(tmp_path / "new.db"),
    )
    page = serve(memory)
    assert page.get("team")["audit"] is False
    assert page.get("audit")["log"] is False
    assert page.get("banks")["total"] == 0
    assert page.get("memories", bank="new:shared")["total"] == 0
    assert page.get("entities", bank="new:shared")["entities"] == []


def test_the_page_works_on_a_server(hindsight_server: Server, tmp_path: Path, serve: Serve) -> None:
    from hindsight_teams.backends.hindsight import HindsightBackend

    team = hindsight_server.unused_bank()
    memory = TeamMemory(
        team,
        banks={"shared": "team", "customer": "user"},
        members={"clerk": {"shared": "full", "customer": "full"}},
        backend=HindsightBackend(hindsight_server.url),
        audit=open_audit(tmp_path / "audit.db"),
    )
    memory.member("clerk").retain("Aurora sails from Bergen on 3 May 2027.", caller=Caller(user="ada"), bank="shared")
    memory.member("clerk").retain("Ada likes the morning ferry.", caller=Caller(user="ada"), bank="customer")
    page = serve(memory, log=tmp_path / "audit.db")
    assert [user["id"] for user in page.get("team")["users"]] == ["ada"]
    bank = next(bank["bank_id"] for bank in page.get("banks")["banks"] if bank["name"] == "shared")
    found = page.get("memories", bank=bank)
    assert found["memories"][0]["author"] == "clerk"
    shown = page.get("memory", bank=bank, id=found["memories"][0]["id"])
    assert "Aurora" in shown["memory"]["text"]
    assert page.get("entities", bank=bank)["memories"] >= found["total"]  # the server may have derived one since
    assert what_if(page, member="clerk", user="ada", query="When does Aurora sail?")["memories"]
