"""What a selection names, and what a server is asked to delete for it: facts by their terms, what is bound by ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import pytest

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.backends.base import Backend
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.envelopes import ReviewItem, quarantine_item
from hindsight_teams.memory.forgetting import Forgetting
from hindsight_teams.memory.selection import Selection
from hindsight_teams.models import BankInfo, Memory, MemoryPage, RetainItem
from hindsight_teams.requests import Capability, DeleteMemories, ListBanks, ListMemories, Request, TagFilter

R = TypeVar("R")
KEPT = ["team:t", "user:ada"]
TEAM = TeamDefinition.from_parts("t", banks={"shared": "team", "own": "user"}, members={"a": {"shared": "full"}})
SIGNED = ("team:t", "author:a", "user:ada", "session:s1", "run:r1", "red")


def fact(id: str, bank: str = "t:shared", tags: tuple[str, ...] = SIGNED, **more: Any) -> Memory:
    return Memory(id, f"Text of {id}.", bank, tags=tags, document_id=more.pop("document_id", f"doc-{id}"), **more)


def observation(id: str, *sources: str, tags: tuple[str, ...] = ("team:t", "author:a", "user:ada", "red")) -> Memory:
    return fact(id, tags=tags, type="observation", source_ids=sources)


class Shelf(Backend):
    """A server that lists memories by their tags, and notes what it is asked to delete."""

    capabilities = frozenset({Capability.LIST, Capability.DELETE, Capability.MANAGE_BANKS})

    def __init__(self, *memories: Memory) -> None:
        self.memories = memories
        self.deleted: list[tuple[str, Any, Any, list[str]]] = []

    def execute(self, request: Request[R], /) -> R:
        answer: Any
        if isinstance(request, ListBanks):
            answer = [BankInfo(bank) for bank in sorted({m.bank_id for m in self.memories})]
        elif isinstance(request, ListMemories):
            document = request.document_id
            found = [m for m in self.memories if m.bank_id == request.bank and request.filter.accepts(set(m.tags))]
            found = [m for m in found if document is None or m.document_id == document]
            answer = MemoryPage(found[request.offset :][: request.limit], len(found), request.limit, request.offset)
        elif isinstance(request, DeleteMemories):
            ids = None if request.ids is None else list(request.ids)
            assert not request.filter.tags or request.filter.match == "all_strict"
            self.deleted.append((request.bank or "", ids, request.document_id, list(request.filter.tags)))
            answer = len(ids or [1])
        else:
            raise AssertionError(request)
        return answer  # type: ignore[no-any-return]


def forgotten(shelf: Shelf, **selection: Any) -> dict[str, list[str]]:
    report = Forgetting(shelf, TEAM).forget(Selection(**selection), dry_run=False)
    return {bank: [memory.id for memory in memories] for bank, memories in report.memories.items()}


class TestSelection:
    @pytest.mark.parametrize("nothing", [{}, {"memory_ids": []}, {"tags": []}, {"user": ""}, {"user": None}])
    def test_one_that_selects_nothing_is_refused(self, nothing: Any) -> None:
        with pytest.raises(InvalidInput, match="selected"):
            Selection(**nothing)

    @pytest.mark.parametrize("wrong", [{"memory_ids": "ab"}, {"tags": "red"}, {"tags": [""]}])
    def test_lists_are_lists(self, wrong: Any) -> None:
        with pytest.raises(InvalidInput, match="tags"):
            Selection(**wrong)

    def test_its_tags_are_those_of_the_signature(self) -> None:
        whole = Selection(author="a b", user="ada", session="s:1", run="r1", tags=["red"])
        assert whole.kept_tags == ["author:a~20b", "user:ada", "red"]
        assert whole.occasion_tags == ["session:s~3a1", "run:r1"]
        assert Selection(tags=["red"]).occasion_tags == []

    @pytest.mark.parametrize(
        ("given", "follows"),
        [
            ({"memory_ids": ["1"]}, True),
            ({"document_id": "d"}, True),
            ({"session": "s"}, True),
            ({"run": "r"}, True),
            ({"user": "u"}, False),
            ({"author": "a"}, False),
            ({"tags": ["red"]}, False),
        ],
    )
    def test_what_is_bound_is_followed_where_its_tags_do_not_find_it(self, given: Any, follows: bool) -> None:
        assert Selection(**given).follows is follows

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"memory_ids": ["1", "2"]}, True),
            ({"memory_ids": ["2"]}, False),
            ({"document_id": "doc-1"}, True),
            ({"document_id": "doc-2"}, False),
            ({"session": "s1", "run": "r1"}, True),
            ({"session": "s1", "run": "r2"}, False),
            ({"memory_ids": ["1"], "document_id": "doc-2"}, False),
        ],
    )
    def test_it_names_what_meets_all_of_it(self, given: Any, named: bool) -> None:
        assert Selection(**given).names(fact("1")) is named

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"memory_ids": ["e1"]}, True),
            ({"memory_ids": ["e2"]}, True),
            ({"memory_ids": ["rid"]}, True),
            ({"memory_ids": ["77"]}, True),
            ({"memory_ids": ["t:shared#77"]}, False),
            ({"document_id": "d"}, True),
            ({"document_id": "review-proposal-rid"}, True),
            ({"document_id": "approved-rid"}, True),
            ({"document_id": "rid"}, False),
            ({"user": "ada", "session": "s1", "tags": ["red"]}, True),
            ({"user": "bob"}, False),
            ({"user": "ada", "run": "r2"}, False),
            ({"memory_ids": ["rid"], "user": "bob"}, False),
        ],
    )
    def test_it_names_an_envelope_by_any_id_that_it_goes_by(self, given: Any, named: bool) -> None:
        inside = RetainItem("x", tags=list(SIGNED), document_id="d")
        item = ReviewItem("rid", "proposal", "b", "t:b", "", inside, "t:shared#77", envelope_ids=("e1", "e2"))
        assert Selection(**given).names_held(item) is named

    def test_what_nobody_signed_is_named_by_no_signature(self) -> None:
        item = ReviewItem("rid", "proposal", "b", "t:b", "", RetainItem("x"))
        assert (Selection(user="ada").names_held(item), Selection(memory_ids=["rid"]).names_held(item)) == (False, True)

    def test_its_text_is_what_was_given(self) -> None:
        assert (
            str(Selection(user="ada", tags=("red",), memory_ids=["1"])) == "memory_ids=['1'], user='ada', tags=['red']"
        )


class TestDeletions:
    """What is asked of a server."""

    def test_a_user_goes_by_the_tags_of_the_signature_alone(self) -> None:
        shelf = Shelf(
            fact("1"), observation("o", "1"), fact("2", tags=("team:t", "user:bob")), fact("3", tags=("user:ada",))
        )
        assert forgotten(shelf, user="ada") == {"t:shared": ["1", "o"]}
        assert shelf.deleted == [("t:shared", None, None, KEPT)]

    def test_a_memory_goes_by_its_id_with_what_was_derived_and_copied_from_it(self) -> None:
        copied = fact("9", "t:own:user:ada", metadata={"lineage": "t:shared#1"})
        proposed = fact("8", "t:own:user:ada", metadata={"review_origin": "t:shared#9"})
        shelf = Shelf(fact("1"), fact("2"), observation("o", "1", "2"), copied, proposed, observation("p", "2"))
        assert forgotten(shelf, memory_ids=["1"]) == {"t:own:user:ada": ["9"], "t:shared": ["1", "o"]}
        assert shelf.deleted == [
            ("t:own:user:ada", ["9"], None, ["team:t"]),
            ("t:shared", ["1"], None, ["team:t"]),
        ]

    def test_what_is_named_and_what_is_bound_to_it_go_in_one_request_to_a_server(self) -> None:
        shelf = Shelf(fact("1"), fact("2"), fact("3"), observation("o", "2"))
        assert forgotten(shelf, memory_ids=["1", "o"]) == {"t:shared": ["1", "2", "o"]}
        assert shelf.deleted == [("t:shared", ["1", "2"], None, ["team:t"])]

    def test_a_memory_and_its_copies_go_by_an_id_that_it_had(self) -> None:
        copied = fact("9", "t:own:user:ada", metadata={"lineage": "t:shared#1"})
        shelf = Shelf(fact("2", metadata={"former_ids": "0 1"}), fact("3"), copied)
        expected = {"t:own:user:ada": ["9"], "t:shared": ["2"]}
        assert forgotten(shelf, memory_ids=["1"]) == expected
        assert forgotten(shelf, memory_ids=["2"]) == expected
        assert forgotten(shelf, memory_ids=["0"], session="s2") == {}

    def test_an_unsigned_memory_is_nobodys_and_goes_by_no_id(self) -> None:
        shelf = Shelf(fact("1"), fact("2", tags=()), observation("o", "1"))
        assert forgotten(shelf, memory_ids=["2", "o"]) == {"t:shared": ["1", "o"]}
        assert shelf.deleted == [("t:shared", ["1"], None, ["team:t"])]

    def test_what_was_derived_in_the_review_bank_is_listed_where_no_envelope_goes(self) -> None:
        shelf = Shelf(replace(observation("o", "gone"), bank_id="t:review:queue"))
        assert forgotten(shelf, user="ada") == {"t:review:queue": ["o"]}

    def test_what_stands_unsigned_in_a_users_bank_goes_by_ids_before_all_else(self) -> None:
        own = "t:own:user:ada"
        shelf = Shelf(fact("1", own), fact("2", own, tags=()))
        assert forgotten(shelf, user="ada") == {own: ["1", "2"]}
        assert shelf.deleted == [(own, ["2"], None, []), (own, None, None, KEPT)]

    def test_an_observation_goes_with_the_memories_that_it_rests_on(self) -> None:
        shelf = Shelf(fact("1"), fact("2"), fact("3"), observation("o", "1", "2"))
        assert forgotten(shelf, memory_ids=["o"]) == {"t:shared": ["1", "2", "o"]}
        assert shelf.deleted == [("t:shared", ["1", "2"], None, ["team:t"])]

    def test_an_observation_that_nothing_is_known_of_is_named_to_the_server(self) -> None:
        shelf = Shelf(observation("o", "gone"))
        assert forgotten(shelf, memory_ids=["o"]) == {"t:shared": ["o"]}
        assert shelf.deleted == [("t:shared", ["o"], None, ["team:t"])]

    def test_an_occasion_goes_by_its_tags_and_what_was_derived_from_it_by_nothing(self) -> None:
        other = fact("2", tags=(*SIGNED[:3], "session:s2"))
        shelf = Shelf(fact("1"), other, observation("o", "1"), observation("p", "2"))
        assert forgotten(shelf, user="ada", session="s1") == {"t:shared": ["1", "o"]}
        assert shelf.deleted == [("t:shared", None, None, [*KEPT, "session:s1"])]

    def test_a_document_goes_by_its_id(self) -> None:
        shelf = Shelf(fact("1"), fact("2", document_id="doc-1"), fact("3"))
        assert forgotten(shelf, document_id="doc-1", user="ada") == {"t:shared": ["1", "2"]}
        assert shelf.deleted == [("t:shared", None, "doc-1", KEPT)]

    def test_an_envelope_goes_as_a_document_and_is_shown_once_by_what_is_in_it(self) -> None:
        sealed = quarantine_item(
            RetainItem("Secret.", tags=list(SIGNED), metadata={"author": "a"}), "shared", "t:shared", ""
        )
        queue, document = "t:review:queue", sealed.document_id
        envelope = fact("e", queue, tuple(sealed.tags or ()), metadata=sealed.metadata, document_id=document)
        shelf = Shelf(envelope, replace(observation("o", "e"), bank_id=queue), fact("stray", queue), fact("1"))
        report = Forgetting(shelf, TEAM).forget(Selection(user="ada"), dry_run=False)
        assert [(m.id, m.text) for m in report.memories[queue]] == [("stray", "Text of stray."), ("e", "Secret.")]
        assert not report.dry_run
        assert shelf.deleted == [
            (queue, None, None, KEPT),
            (queue, None, document, []),
            ("t:shared", None, None, KEPT),
        ]

    def test_a_dry_run_deletes_nothing(self) -> None:
        shelf = Shelf(fact("1"))
        report = Forgetting(shelf, TEAM).forget(Selection(user="ada"))
        assert (report.count, report.deleted, report.dry_run, shelf.deleted) == (1, 0, True, [])

    def test_what_a_server_deleted_is_not_left_to_be_erased(self) -> None:
        assert Forgetting(Shelf(fact("1")), TEAM).forget(Selection(user="ada"), dry_run=False).erased

    def test_memories_of_many_banks_are_found(self) -> None:
        shelf = Shelf(*(fact(str(n), f"t:b{n:02}") for n in range(40)))
        assert sorted(forgotten(shelf, user="ada")) == [f"t:b{n:02}" for n in range(40)]

    def test_a_filter_with_another_team_finds_nothing(self) -> None:
        shelf = Shelf(fact("1", tags=("team:other", "user:ada")))
        assert forgotten(shelf, user="ada", tags=["red"]) == {}
        assert TagFilter(["team:t"], "all_strict").accepts({"team:t"})
