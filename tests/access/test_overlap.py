"""Templates that could give two banks, or two identities, one id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import Caller
from hindsight_teams.access.overlap import can_share_an_id, is_an_id_of
from hindsight_teams.errors import HindsightTeamsError
from tests.access.strategies import any_specs, callers

values = st.text("ab:-.~é", min_size=1, max_size=4)
fields = st.sampled_from(("user", "session", "member"))


@given(
    st.lists(fields, min_size=1, max_size=3, unique=True),
    st.lists(st.text("ab:-.|", max_size=3), min_size=4),
    st.data(),
)
def test_a_template_that_is_accepted_never_mixes_two_identities(
    names: list[str], between: list[str], data: st.DataObject
) -> None:
    template = "".join(f"{text}{{{name}}}" for text, name in zip(between, names, strict=False)) + between[3]
    try:
        spec = BankSpec("room", template)
        one, other = (Caller(**{name: data.draw(values) for name in names}) for _ in "ab")
        same = spec.resolve(one) == spec.resolve(other)
    except HindsightTeamsError:
        return
    assert same == (one == other)


@given(any_specs, callers, any_specs, callers)
def test_two_banks_that_share_an_id_are_found(one: BankSpec, first: Caller, other: BankSpec, second: Caller) -> None:
    team = first.team or ""
    here = one.resolve(Caller(team, first.member, first.user, first.session))
    there = other.resolve(Caller(team, second.member, second.user, second.session))
    if here == there:
        assert can_share_an_id(one, other, team=team)
    if "~~" not in here:
        assert is_an_id_of(one, here, team=team)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("team", "team", False),
        ("team", "user", False),
        ("member", "user", False),
        ("{team}:{user}", "team", True),
        ("{user}:{session}", "team", True),
        ("{team}:other:{session}:{user}", "user", True),
        ("{team}:{bank}:{user}", "team", False),
        ("{team}:room:{user}", "member", False),
        ("room:{session}", "room:{user}", True),
        ("room:{session}", "hall:{session}", False),
        ("{user}", "room:{session}", False),
        ("{user}", "{session}", True),
    ],
)
def test_which_banks_could_share_an_id(one: str, other: str, shared: bool) -> None:
    first, second = BankSpec("room", one), BankSpec("other", other)
    assert can_share_an_id(first, second, team="desk") == shared
    assert can_share_an_id(second, first, team="desk") == shared


def test_a_resolvers_ids_are_its_own_affair() -> None:
    own = BankSpec("own", resolver=lambda _: "desk:shared")
    assert not can_share_an_id(own, BankSpec("shared"), team="desk")
    assert not is_an_id_of(own, "desk:shared", team="desk")
