"""Verbs, policies and grants."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.access import grants as access
from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import FULL, POLICIES, Access, Caller, Grant, parse_access
from hindsight_teams.errors import InvalidInput

VERBS = ("retain", "recall", "reflect")
accesses = st.sets(st.sampled_from(VERBS)).map(parse_access)


@pytest.mark.parametrize(
    ("policy", "verbs"),
    [
        (access.NONE, ()),
        (access.WRITER_ONLY, ("retain",)),
        (access.READ_ONLY, ("recall", "reflect")),
        (access.REFLECT_ONLY, ("reflect",)),
        (access.FULL, ("retain", "recall", "reflect")),
    ],
)
def test_each_policy_holds_exactly_its_verbs(policy: Access, verbs: tuple[str, ...]) -> None:
    assert policy.verbs == verbs


@pytest.mark.parametrize("name", [*POLICIES, *VERBS])
@pytest.mark.parametrize("spell", [str, str.upper, lambda name: name.replace("-", "_"), lambda name: f" {name} "])
def test_a_policy_is_found_however_it_is_spelled(name: str, spell: Any) -> None:
    assert parse_access(spell(name)) == POLICIES.get(name, parse_access([name] if name in VERBS else []))


@given(accesses)
def test_an_access_is_read_back_from_its_verbs(held: Access) -> None:
    assert parse_access(held.verbs) == held
    assert parse_access(held) is held


@given(accesses)
def test_a_label_names_the_policy_or_else_the_verbs(held: Access) -> None:
    if held in POLICIES.values():
        assert POLICIES[held.label] == held
    else:
        assert held.label.split("+") == list(held.verbs)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("read-onyl", "'read-onyl'.*'read-only'"),
        ("recal", "'recal'.*'recall'"),
        ("", "''"),
        (["retain", "delete"], "'delete'"),
        (["read-only"], "'read-only'"),
        ([None], "None"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_an_unknown_access_is_refused_with_the_nearest_name(value: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        parse_access(value)


def test_a_grant_holds_nothing_that_it_does_not_say() -> None:
    grant = Grant(BankSpec("shared"), parse_access(["recall"]))
    assert Access.RECALL in grant.access
    assert Access.RETAIN not in grant.access
    assert FULL not in grant.access
    assert grant.scope_tags == ()


def test_identities_and_grants_cannot_be_changed_afterwards() -> None:
    for value in (Caller(team="desk"), Grant(BankSpec("shared"), FULL)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, "other")


def test_the_run_context_is_no_part_of_who_is_asking() -> None:
    assert Caller(user="ada", context=object()) == Caller(user="ada", context=object())
    assert "object" not in repr(Caller(user="ada", context=object()))


def test_the_names_of_the_policies_are_those_of_the_documentation() -> None:
    assert {
        "none": access.NONE,
        "writer-only": access.WRITER_ONLY,
        "read-only": access.READ_ONLY,
        "reflect-only": access.REFLECT_ONLY,
        "full": access.FULL,
    } == POLICIES
