"""Signatures as pure functions."""

from __future__ import annotations

import pytest

from hindsight_teams.access import signatures as provenance
from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import FULL, Caller, Grant
from hindsight_teams.errors import AccessDenied, InvalidInput
from hindsight_teams.models import Memory, RetainItem, TagsMatch
from hindsight_teams.requests.tags import TagFilter

CALLER = Caller(team="desk", member="a b", user="ada", session="s", run="r")
SIGNED = provenance.sign_tags(CALLER, ["red"], ["area:north"])


def observation(text: str, tags: list[str]) -> Memory:
    return Memory("o", text, "desk:x", tags=tuple(tags), type="observation")


def test_observations_are_scoped_by_all_but_the_occasion() -> None:
    [scope] = provenance.observation_scopes([*SIGNED, "lineage:x"])
    expected = ["red", "area:north", "team:desk", "author:a~20b", "user:ada", provenance.tagset(["red"])]
    assert sorted(scope) == sorted(expected)


def test_an_observation_is_attributed_by_its_tags() -> None:
    assert provenance.attributed(observation("x", SIGNED)).metadata == {"team": "desk", "author": "a b", "user": "ada"}


@pytest.mark.parametrize("tags", [[], ["author:a", "author:b"], ["author:"], ["author:a b"], ["author:~zz"]])
def test_an_observation_of_nobody_certain_is_attributed_to_nobody(tags: list[str]) -> None:
    assert provenance.attributed(observation("x", tags)).author is None


def test_a_fact_is_attributed_by_its_metadata_alone() -> None:
    fact = Memory("f", "x", "desk:x", tags=("author:b",))
    assert provenance.attributed(fact) is fact


def test_what_a_decision_left_is_taken_off_before_the_next() -> None:
    metadata = {
        "author": "a",
        "trust": "reviewed",
        "reviewed_by": "chair",
        "review_id": "1",
        "lineage": "b#1",
        "former_ids": "2",
        "page": "7",
    }
    assert provenance.undecided(metadata, ["red", "lineage:b", "author:a"]) == (
        {"author": "a", "trust": "member", "page": "7"},
        ["red", "author:a"],
    )


@pytest.mark.parametrize("key", sorted(provenance.RESERVED_METADATA))
def test_metadata_that_only_the_service_sets_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{key}'"):
        provenance.refuse_forgery([], {key: "x"})


@pytest.mark.parametrize("key", ["speaker", "exchange", "doubt"])
def test_only_automatic_retention_tells_who_said_something(key: str) -> None:
    with pytest.raises(InvalidInput, match=key):
        provenance.refuse_forgery([], {key: "x"})
    provenance.refuse_forgery([], {key: "x"}, heard=True)


@pytest.mark.parametrize("name", ["team", "author", "user", "session", "run", "tagset", "trust", "lineage", "marked"])
def test_a_tag_that_looks_like_a_signature_is_refused_and_cut(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{name}:qqq") as refused:
        provenance.refuse_forgery(["red", f"{name}:{'q' * 10_000}"], {})
    assert len(str(refused.value)) < 200
    provenance.refuse_forgery([name, f"x{name}:a"], {f"x{name}": "a", "page": "7"})


def test_what_only_the_service_sets() -> None:
    assert provenance.RESERVED_METADATA == {
        *("team", "author", "user", "session", "run", "trust", "lineage", "reviewed_by", "marked", "former_ids"),
        *("review_kind", "review_id", "review_bank", "review_bank_id", "review_origin", "review_item"),
    }


def test_a_signature_is_metadata_and_tags() -> None:
    assert provenance.sign_metadata(CALLER, {"page": "7", "author": "b"}) == {
        **{"page": "7", "team": "desk", "author": "a b", "user": "ada", "session": "s", "run": "r"},
        "trust": "member",
    }
    assert SIGNED == [
        *("red", "area:north", "team:desk", "author:a~20b", "user:ada", "session:s", "run:r"),
        provenance.tagset(["red"]),
    ]


def test_what_has_no_member_is_not_signed_with_a_trust_or_tags() -> None:
    plain = Caller(user="ada")
    assert provenance.sign_metadata(plain, None) == {"user": "ada"}
    assert provenance.sign_tags(plain, ["red"], ["area:north"]) == ["red", "area:north"]


@pytest.mark.parametrize(
    ("speaker", "trust"),
    [("user", "user"), ("tool:web", "tool"), ("boss", "member"), ("users", "member"), (None, "member")],
)
def test_trust_is_that_of_who_said_it(speaker: str | None, trust: str) -> None:
    assert provenance.trust_in(speaker) == trust
    said = {} if speaker is None else {"speaker": speaker}
    assert provenance.sign_metadata(CALLER, said)["trust"] == trust
    assert provenance.sign_metadata(CALLER, said, trust="reviewed")["trust"] == "reviewed"


def test_a_mark_stays_on_what_is_derived() -> None:
    item = RetainItem("x", tags=SIGNED, metadata={"k": "v"}, observation_scopes=provenance.observation_scopes(SIGNED))
    marked = provenance.marked(item, "hearsay")
    assert marked.tags == [*SIGNED, provenance.MARK]
    assert marked.metadata == {"k": "v", "marked": "hearsay"}
    assert marked.observation_scopes == provenance.observation_scopes([*SIGNED, provenance.MARK])
    plain = provenance.marked(RetainItem("x"), "")
    assert (plain.tags, plain.metadata) == ([provenance.MARK], {"marked": "suspicious"})
    assert plain.observation_scopes is None
    derived = provenance.attributed(observation("x", marked.tags or []))
    assert derived.marked == "derived from a suspicious memory"
    assert provenance.attributed(observation("x", SIGNED)).marked is None


def test_a_tagset_stands_for_exactly_these_tags() -> None:
    assert provenance.tagset([]) == "tagset:none"
    assert provenance.tagset(["a", "b"]) == provenance.tagset(["b", "a", "b"])
    assert len({provenance.tagset(tags) for tags in (["a"], ["b"], ["a", "b"], ["ab"])}) == 4
    assert len(provenance.tagset(["a"])) == len("tagset:") + 16


def test_the_tags_of_a_signature_and_the_authors_own_are_told_apart() -> None:
    tags = [*SIGNED, "lineage:x", "trust:y", provenance.MARK]
    assert provenance.own_tags(tags) == ("red", "area:north")
    assert provenance.signature_tags(tags) == [
        "team:desk",
        "author:a~20b",
        "user:ada",
        "session:s",
        "run:r",
        "lineage:x",
    ]


def test_the_same_retain_has_the_same_document_and_any_other_another() -> None:
    def of(content: str = "x", tags: tuple[str, ...] = ("red", "blue"), **who: str) -> str:
        caller = Caller(**{"team": "t", "member": "m", "user": "u", "session": "s", "run": "r", **who})
        return provenance.stable_document_id(caller, content, tags)

    assert of() == of(tags=("blue", "red", "blue")) == of(session="s2") == of(run="r2")
    others = [of("y"), of(tags=("red",)), of(team="t2"), of(member="m2"), of(user="u2")]
    assert len({of(), *others}) == 6
    assert provenance.stable_document_id(Caller(), "x", []) == provenance.stable_document_id(Caller(), "x", ())
    assert provenance.is_invented(of())
    assert len(of()) == len("memory-") + 32
    for name in ("memory-1", of()[:-1], of() + "0", "x" + of(), of().upper()):
        assert not provenance.is_invented(name)


RED = {"tags": ["red"], "match": "any"}
NORTH = {"tags": ["area:north"], "match": "all_strict"}
BY = {"tags": ["author:a~20b", "author:c"], "match": "any_strict"}


@pytest.mark.parametrize("match", ["any", "any_strict", "all", "all_strict", "exact"])
def test_an_unsigned_reader_without_a_scope_gets_the_filter_that_it_asked_for(match: TagsMatch) -> None:
    group = {"tags": ["blue"]}
    found = provenance.read_filter(signed=False, tags=["red"], match=match, groups=[group])
    assert found == TagFilter(["red"], match, [group])


def test_scope_and_authors_are_anded_with_what_is_asked_for() -> None:
    group = {"not": {"tags": ["blue"]}}
    scope, authors = ["area:north"], ["a b", "c"]
    assert provenance.read_filter(
        signed=False, tags=["red"], scope_tags=scope, authors=authors, groups=[group]
    ) == TagFilter((), "any", [RED, NORTH, BY, group])
    assert provenance.read_filter(signed=False, scope_tags=scope) == TagFilter((), "any", [NORTH])
    assert provenance.read_filter(signed=False, match="exact", scope_tags=scope).groups == [
        {"tags": [], "match": "exact"},
        NORTH,
    ]
    assert provenance.read_filter(signed=True) == TagFilter((), "any", [])
    assert provenance.read_filter(signed=True, authors=authors) == TagFilter((), "any", [BY])


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        ("any", {"tags": ["red", "tagset:none"], "match": "any"}),
        ("any_strict", {"tags": ["red"], "match": "any_strict"}),
        (
            "all",
            {"or": [{"tags": ["red"], "match": "all"}, {"tags": ["tagset:none"], "match": "any_strict"}]},
        ),
        ("all_strict", {"tags": ["red"], "match": "all_strict"}),
        (
            "exact",
            {
                "or": [
                    {"tags": ["red"], "match": "exact"},
                    {"tags": [provenance.tagset(["red"])], "match": "any_strict"},
                ]
            },
        ),
    ],
)
def test_each_match_mode_means_the_authors_own_tags(match: TagsMatch, wanted: object) -> None:
    assert provenance.read_filter(signed=True, tags=["red"], match=match) == TagFilter((), "any", [wanted])  # type: ignore[list-item]


def test_exactly_no_tags_means_memories_that_their_author_gave_none() -> None:
    assert provenance.read_filter(signed=True, match="exact").groups == [
        {"or": [{"tags": [], "match": "exact"}, {"tags": ["tagset:none"], "match": "any_strict"}]}
    ]


def test_a_decided_envelope_is_undecided_again() -> None:
    metadata = dict.fromkeys(provenance.ENVELOPE_METADATA, "x") | {
        "author": "a",
        "speaker": "user",
        "trust": "reviewed",
    }
    assert provenance.undecided(metadata, ["lineage:b#1", "red"]) == (
        {"author": "a", "speaker": "user", "trust": "user"},
        ["red"],
    )
    assert provenance.undecided({"trust": "reviewed"}, []) == ({"trust": "reviewed"}, [])


def test_a_memory_for_another_bank_carries_the_signature_of_whose_bank_that_is() -> None:
    needs = frozenset({"team", "user"})
    ada = Caller(team="desk", member="a", user="ada", session="s", run="r")
    assert provenance.for_bank_of(ada, needs, {"author": "b", "user": "bob"}, ["user:bob", "tagset:none"]) == (
        {"team": "desk", "author": "b", "user": "bob"},
        ["user:bob", "tagset:none", "team:desk", "user:ada"],
    )
    assert provenance.for_bank_of(ada, needs, {}, ["red"]) == (
        {"team": "desk", "user": "ada"},
        ["red", "team:desk", "user:ada", provenance.tagset(["red"])],
    )
    assert provenance.for_bank_of(ada, needs, {}, ["user:ada", "tagset:none"])[1] == [
        *("user:ada", "tagset:none"),
        "team:desk",
    ]
    # What says under which tags its author put it is not said twice, whatever other tags stand beside it.
    signed = ["red", provenance.tagset(["red"])]
    assert provenance.for_bank_of(ada, needs, {}, signed)[1] == [*signed, "team:desk", "user:ada"]
    twice = ["red", "blue", provenance.tagset(["red"])]
    assert sum(tag.startswith("tagset:") for tag in provenance.for_bank_of(ada, needs, {}, twice)[1]) == 1


def test_a_tag_that_is_the_scope_of_others_is_refused_and_cut() -> None:
    grant = Grant(BankSpec("shared"), FULL, ("p:maple",), frozenset({"p:birch", "p:" + "q" * 200}))
    provenance.refuse_scopes_of_others(grant, ["p:maple", "red"])
    provenance.refuse_scopes_of_others(grant, [])
    with pytest.raises(AccessDenied, match=r"'p:birch'.*'shared'"):
        provenance.refuse_scopes_of_others(grant, ["red", "p:" + "q" * 200, "p:birch"])
    with pytest.raises(AccessDenied) as refused:
        provenance.refuse_scopes_of_others(grant, ["p:" + "q" * 200])
    assert "q" * 77 in str(refused.value)
    assert "q" * 79 not in str(refused.value)
