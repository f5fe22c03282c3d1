"""Distinct identities have distinct banks, for any identity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hindsight_teams.access.banks import BankSpec, escape, join, review_bank_id, unescape
from hindsight_teams.access.grants import Caller
from hindsight_teams.errors import HindsightTeamsError, IdentityRequired
from hindsight_teams.requests.checks import MAX_BANK_ID, check_bank_id
from tests.access.strategies import any_specs, callers, identities, names, specs

SEPARATE = {"team": ("team",), "member": ("team", "member"), "user": ("team", "user")}


def key(spec: BankSpec, caller: Caller) -> tuple[str, ...]:
    """What makes this bank another than the next."""
    return (spec.name, spec.scope, *(getattr(caller, name) for name in SEPARATE[spec.scope]))


@given(specs, callers, specs, callers)
def test_two_banks_share_an_id_only_when_they_are_one_bank(
    one: BankSpec, first: Caller, other: BankSpec, second: Caller
) -> None:
    assert (one.resolve(first) == other.resolve(second)) == (key(one, first) == key(other, second))


@given(specs, callers, identities, st.sampled_from(("team", "member", "user")))
def test_another_team_member_or_user_has_another_bank(
    spec: BankSpec, caller: Caller, identity: str, field: str
) -> None:
    assume(identity != getattr(caller, field))
    other = replace(caller, **{field: identity})
    assert (spec.resolve(caller) != spec.resolve(other)) == (field in SEPARATE[spec.scope])


@given(callers, identities, identities)
@example(Caller(team="desk", member="a", user="shared"), "shared", "notes")
@example(Caller(team="desk", member="a", user="desk:shared"), "desk:shared", "shared")
def test_no_user_reaches_a_bank_that_is_not_the_users(caller: Caller, user: str, member: str) -> None:
    users = BankSpec("customer", "user").resolve(replace(caller, user=user))
    assert users != BankSpec("shared", "team").resolve(caller)
    assert users != BankSpec("customer", "team").resolve(caller)
    assert users != BankSpec("customer", "member").resolve(replace(caller, member=member))


@given(identities, st.text("x", min_size=MAX_BANK_ID, max_size=300), identities, identities)
def test_ids_that_are_cut_stay_distinct(team: str, long: str, one: str, other: str) -> None:
    assume(one != other)
    spec = BankSpec("customer", "user")
    assert spec.resolve(Caller(team=team, user=long + one)) != spec.resolve(Caller(team=team, user=long + other))


@given(any_specs, callers)
def test_every_id_can_be_stored_and_addressed_anywhere(spec: BankSpec, caller: Caller) -> None:
    bank_id = spec.resolve(caller)
    assert check_bank_id(bank_id) == bank_id
    assert bank_id.isascii()
    assert len(bank_id) <= MAX_BANK_ID


@given(any_specs, callers, identities, identities)
def test_an_id_depends_on_nothing_but_the_identities_it_names(
    spec: BankSpec, caller: Caller, session: str, run: str
) -> None:
    changed = {n: v for n, v in {"session": session, "run": run}.items() if n not in spec.needs}
    assert spec.resolve(caller) == spec.resolve(replace(caller, context=object(), **changed))


@given(any_specs, callers, st.sampled_from(("team", "member", "user", "session")), st.sampled_from((None, "")))
def test_a_missing_identity_is_an_error_and_never_a_shared_bank(
    spec: BankSpec, caller: Caller, field: str, nothing: str | None
) -> None:
    assume(field in spec.needs)
    with pytest.raises(IdentityRequired, match=spec.name):
        spec.resolve(replace(caller, **{field: nothing}))


@given(identities)
def test_escaping_is_reversible_and_leaves_no_separator(text: str) -> None:
    escaped = escape(text)
    assert unescape(escaped) == text
    assert not set(escaped) & set(":/\\% \0")


@given(st.text("ab~:0129afAF.", min_size=1, max_size=12))
def test_what_escaping_never_makes_is_not_taken_for_an_identity(text: str) -> None:
    value = unescape(text)
    assert value is None or escape(value) == text


@given(st.lists(identities, min_size=1, max_size=5), st.lists(identities, min_size=1, max_size=5))
def test_joined_ids_are_equal_only_for_equal_components(one: list[str], other: list[str]) -> None:
    assert (join(*one) == join(*other)) == (one == other)


BETWEEN = st.text("ab:-.|", max_size=3)
FIELDS = st.sampled_from(("team", "bank", "user", "session", "member"))
VALUES = st.text("ab:-.~é", min_size=1, max_size=4)


@st.composite
def accepted_templates(draw: st.DrawFn) -> BankSpec:
    """A bank of a template put together at random, whatever of it is accepted."""
    name = draw(st.sampled_from(("a", "b", "a-b", "review")))
    parts = draw(st.lists(st.tuples(BETWEEN, FIELDS), min_size=1, max_size=3))
    start = draw(st.sampled_from(("{team}:{bank}", "{team}:a", "{team}:a-b", "{team}:", "")))
    template = start + "".join(f"{text}{{{field}}}" for text, field in parts) + draw(BETWEEN)
    try:
        return BankSpec(name, template)
    except HindsightTeamsError:
        return BankSpec(name, draw(st.sampled_from(("team", "member", "user"))))


@settings(max_examples=2 * settings().max_examples)
@given(accepted_templates(), accepted_templates(), st.tuples(VALUES, VALUES), st.data())
def test_no_two_teams_and_no_two_banks_ever_share_an_id(
    one: BankSpec, other: BankSpec, teams: tuple[str, str], data: st.DataObject
) -> None:
    callers = [Caller(team, *(data.draw(VALUES) for _ in range(4))) for team in teams]
    if (teams[0], one.name) != (teams[1], other.name):
        assert one.resolve(callers[0]) != other.resolve(callers[1])
    assert one.resolve(callers[0]) not in {review_bank_id(caller) for caller in callers}


@pytest.mark.slow
@settings(max_examples=2 * settings().max_examples)
@given(accepted_templates(), st.data())
def test_a_template_that_is_accepted_separates_what_it_names(spec: BankSpec, data: st.DataObject) -> None:
    one, other = (Caller(*(data.draw(VALUES) for _ in range(5))) for _ in "ab")
    named = [[getattr(caller, field) for field in sorted(spec.needs)] for caller in (one, other)]
    assert (spec.resolve(one) == spec.resolve(other)) == (named[0] == named[1])


@given(names.filter(lambda name: name != "review"), callers, callers)
def test_a_template_separates_what_it_names(name: str, one: Caller, other: Caller) -> None:
    spec = BankSpec(name, "{team}:{bank}:{user}:{session}")
    same = (one.team, one.user, one.session) == (other.team, other.user, other.session)
    assert (spec.resolve(one) == spec.resolve(other)) == same
