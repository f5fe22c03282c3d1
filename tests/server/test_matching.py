"""From a bank id back to the grant: the inverse of resolving."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hindsight_teams.access.banks import BankSpec, escape, unescape
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Caller
from hindsight_teams.server.matching import claims, could_be, fixed_head, match_bank_id, named_by
from tests.access.strategies import any_specs, callers, identities

BANKS = {
    "shared": "team",
    "notes": "member",
    "customer": "user",
    "room": "{team}:room:{session}",
    "pair": "{team}:{bank}:{user}:{run}",
}


def team(
    team_id: str = "desk", members: dict[str, dict[str, str]] | None = None, banks: dict[str, str] | None = None
) -> TeamDefinition:
    return TeamDefinition.from_parts(
        team_id, banks=banks or BANKS, members=members or {"a": dict.fromkeys(BANKS, "full")}
    )


@given(callers, st.sampled_from(("shared", "notes", "customer")), identities)
def test_each_id_of_a_members_bank_leads_to_its_grant(caller: Caller, bank: str, other: str) -> None:
    assert caller.team
    assert caller.member
    assume(caller.team.strip() and len(escape(caller.team)) < 120)  # a longer one is cut before it says which bank
    assume(other != caller.member)
    held = {"shared": "team", "notes": "member", "customer": "user"}
    definition = team(caller.team, {caller.member: dict.fromkeys(held, "full"), other: {"shared": "none"}}, held)
    bank_id = definition.banks[bank].resolve(caller)
    assert match_bank_id(definition, caller.member, bank_id) == definition.grant(caller.member, bank)
    assert match_bank_id(definition, other, bank_id) is None
    assert claims(definition, bank_id)


@given(callers, st.sampled_from(tuple(BANKS)))
def test_another_members_private_bank_is_never_a_members_own(caller: Caller, bank: str) -> None:
    definition = team()
    private = definition.banks["notes"].resolve(replace(caller, team="desk"))
    assert (match_bank_id(definition, "a", private) is not None) == (caller.member == "a")


@given(any_specs, callers)
def test_a_bank_could_have_each_id_that_it_resolves_to(spec: BankSpec, caller: Caller) -> None:
    assert caller.team
    bank_id = spec.resolve(caller)
    assert could_be(spec, caller.team, None, bank_id)
    if "~~" not in bank_id:
        assert could_be(spec, caller.team, caller.member, bank_id)


@given(st.builds("desk:customer:user:{}".format, st.text("aA:~3c9 .-/\u00e9", max_size=8)))
@example("desk:customer:user:")
@example("desk:customer:user:a:b")
@example("desk:customer:user:~41")
@example("desk:customer:user:~C3")
@example("desk:customer:user:~c3")
@example("desk:customer:user:a b")
@example("desk:customer:user:a\n")
@example("desk:customer:user:~~" + "0" * 40)
def test_an_id_that_no_user_could_have_is_nobodys(bank_id: str) -> None:
    definition = team(banks={"customer": "user"}, members={"a": {"customer": "full"}})
    user = unescape(bank_id.removeprefix("desk:customer:user:"))
    real = user is not None and definition.banks["customer"].resolve(Caller(team="desk", user=user)) == bank_id
    assert (match_bank_id(definition, "a", bank_id) is not None) == real


@pytest.mark.parametrize(
    ("bank_id", "bank"),
    [
        ("desk:shared", "shared"),
        ("desk:notes:member:a", "notes"),
        ("desk:customer:user:ada", "customer"),
        ("desk:customer:user:shared", "customer"),
        ("desk:room:s1", "room"),
        ("desk:pair:ada:r1", "pair"),
        ("desk:pair:a.d.a:r1", "pair"),
        ("desk:notes:member:b", None),
        ("desk:notes:member:A", None),
        ("desk:notes", None),
        ("desk:shared:user:ada", None),
        ("desk:customer:user:", None),
        ("desk:customer:user:a:b", None),
        ("desk:customer:user:~41", None),
        ("desk:review:queue", None),
        ("desk:unknown", None),
        ("other:shared", None),
        ("Desk:shared", None),
        ("desk:shared ", None),
        ("room:s1", None),
        ("desk:room:", None),
        ("desk:pair:ada", None),
        ("desk:room:a/b", None),
        ("", None),
        ("default", None),
    ],
)
def test_which_bank_an_id_is(bank_id: str, bank: str | None) -> None:
    grant = match_bank_id(team(), "a", bank_id)
    assert (grant.bank.name if grant else None) == bank


def test_a_grant_of_nothing_leads_nowhere() -> None:
    definition = team(members={"a": {"shared": "none"}})
    assert match_bank_id(definition, "a", "desk:shared") is None
    assert match_bank_id(definition, "nobody", "desk:shared") is None


class TestHashedIds:
    user = "x" * 300

    def test_a_users_hashed_id_is_known_by_its_head(self) -> None:
        definition = team()
        bank_id = definition.banks["customer"].resolve(Caller(team="desk", user=self.user))
        assert "~~" in bank_id
        assert match_bank_id(definition, "a", bank_id) is definition.grant("a", "customer")

    def test_a_private_bank_is_known_exactly_however_long_its_owners_name(self) -> None:
        long, other = "m" * 300, "m" * 299 + "n"
        definition = team(members={long: {"notes": "full"}, other: {"notes": "full"}}, banks={"notes": "member"})
        bank_id = definition.banks["notes"].resolve(Caller(team="desk", member=long))
        assert match_bank_id(definition, long, bank_id)
        assert match_bank_id(definition, other, bank_id) is None

    def test_where_the_head_does_not_say_which_bank_it_is_it_is_refused(self) -> None:
        banks = {"customer": "user", "notes": "member"}
        definition = team("t" * 200, {"a": dict.fromkeys(banks, "full")}, banks)
        who = Caller(team="t" * 200, member="a", user="ada")
        assert match_bank_id(definition, "a", definition.banks["customer"].resolve(who)) is None
        assert match_bank_id(definition, "a", definition.banks["notes"].resolve(who)) is definition.grant("a", "notes")

    def test_an_id_cut_elsewhere_is_no_id(self) -> None:
        assert match_bank_id(team(), "a", "desk:customer:user:ada~~" + "0" * 40) is None

    def test_a_bank_whose_name_goes_on_is_not_opened_by_a_shorter_name(self) -> None:
        banks = {"shared": "team", "shared-by-user": "user"}
        definition = team(members={"a": {"shared": "full"}, "b": {"shared-by-user": "full"}}, banks=banks)
        bank_id = definition.banks["shared-by-user"].resolve(Caller(team="desk", user=self.user))
        assert match_bank_id(definition, "a", bank_id) is None
        assert match_bank_id(definition, "b", bank_id) is definition.grant("b", "shared-by-user")

    def test_a_bank_whose_member_stands_behind_the_cut_is_refused(self) -> None:
        banks = {"pair": "{team}:{bank}:{user}:{member}"}
        definition = team(members={"a": {"pair": "full"}, "b": {"pair": "full"}}, banks=banks)
        bank_id = definition.banks["pair"].resolve(Caller(team="desk", member="b", user=self.user))
        assert "~~" in bank_id
        assert match_bank_id(definition, "a", bank_id) is None

    def test_a_bank_whose_member_stands_before_the_cut_is_the_members(self) -> None:
        banks = {"pair": "{team}:{bank}:{member}:{user}"}
        definition = team(members={"a": {"pair": "full"}, "b": {"pair": "full"}}, banks=banks)
        bank_id = definition.banks["pair"].resolve(Caller(team="desk", member="b", user=self.user))
        assert match_bank_id(definition, "a", bank_id) is None
        assert match_bank_id(definition, "b", bank_id) is definition.grant("b", "pair")


def test_a_bank_of_a_resolver_can_not_be_told_from_its_id() -> None:
    definition = TeamDefinition.from_parts("desk", banks={"own": lambda c: "own"}, members={"a": {"own": "full"}})
    assert match_bank_id(definition, "a", "own") is None
    assert not could_be(definition.banks["own"], "desk", None, "own")
    assert not claims(definition, "own")


def test_the_review_bank_of_a_team_is_claimed_by_it_and_reached_by_no_grant() -> None:
    definition = team()
    assert claims(definition, "desk:review:queue")
    assert not claims(definition, "other:review:queue")
    assert match_bank_id(definition, "a", "desk:review:queue") is None


def test_what_no_bank_of_a_team_could_be_called_is_not_claimed() -> None:
    assert claims(team(), "desk:shared")
    assert claims(team(), "desk:notes:member:whoever")
    for other in ("desk", "desk:other", "elsewhere:shared", "desk:shared:more", ".", "..", ""):
        assert not claims(team(), other)


def test_an_id_tells_the_user_session_and_run_that_it_names() -> None:
    spec = BankSpec("pair", "{team}:{bank}:{user}:{run}")
    assert named_by(spec, "desk", "a", "desk:pair:ada~20b:r1") == {"user": "ada b", "run": "r1"}
    assert named_by(BankSpec("notes", "member"), "desk", "a", "desk:notes:member:a") == {}
    for other in ("desk:pair:ada", "else:pair:ada:r1", "desk:pair:" + "x" * 100 + "~~" + "0" * 40):
        assert named_by(spec, "desk", "a", other) == {}
    assert named_by(BankSpec("own", "", lambda context: "desk:pair:ada:r1"), "desk", "a", "desk:pair:ada:r1") == {}


def test_a_variable_of_the_team_is_a_fixed_part_of_the_id() -> None:
    definition = TeamDefinition.from_parts(
        "desk",
        banks={"room": "{team}:{bank}:{p}:{user}"},
        members={"a": {"room": "full"}},
        variables={"p": "apollo 11"},
    )
    spec = definition.banks["room"]
    assert match_bank_id(definition, "a", "desk:room:apollo~2011:ada")
    assert named_by(spec, "desk", "a", "desk:room:apollo~2011:ada") == {"user": "ada"}
    for other in ("desk:room:gemini:ada", "desk:room:ada", "desk:room:apollo~2011:"):
        assert match_bank_id(definition, "a", other) is None
        assert named_by(spec, "desk", "a", other) == {}


@pytest.mark.parametrize(
    ("bank", "head"),
    [("shared", "desk:shared"), ("notes", "desk:notes:member:"), ("customer", "desk:customer:user:")],
)
def test_the_ids_of_a_bank_begin_with_what_no_caller_fills_in(bank: str, head: str) -> None:
    assert fixed_head(team().banks[bank], "desk") == head


def test_an_id_of_a_resolver_is_nobodys_to_match() -> None:
    spec = BankSpec("own", resolver=lambda _: "desk:own")
    definition = TeamDefinition.from_parts("desk", banks={"own": spec}, members={"a": {"own": "full"}})
    assert could_be(spec, "desk", "a", "desk:own") is False
    assert could_be(spec, "desk", "a", "") is False
    assert named_by(spec, "desk", "a", "desk:own") == {}
    assert match_bank_id(definition, "a", "desk:own") is None
    assert not claims(definition, "desk:own")


HEAD = "desk:room:"


def cut(head: str) -> str:
    """An id that was cut to a hash and starts like this, at its full length."""
    return f"{head.ljust(150, 'x')}~~{'0' * 40}"


@pytest.mark.parametrize(
    ("template", "member", "bank_id", "could"),
    [
        ("{team}:room:{user}", "a", HEAD + "u" * 182, True),
        ("{team}:room:{user}", "a", HEAD + "u" * 183, False),
        ("{team}:room:{user}:{user}", "a", "desk:room:ada:ada", True),
        ("{team}:room:{user}:{user}", "a", "desk:room:ada:bob", False),
        ("{team}:room:{user}:v1.0:{run}", "a", "desk:room:ada:v1.0:r1", True),
        ("{team}:room:{user}:v1.0:{run}", "a", "desk:room:ada:v1x0:r1", False),
        ("{team}:room:{user}", "a", "desk:room:~c3~a9", True),
        ("{team}:room:{user}", "a", "desk:room:~c3~a9~41", False),
        ("{team}:room:{user}", "a", "desk:room:~41~c3~a9", False),
        ("{team}:room:{user}", "a", "desk:room:x~2fy~41", False),
        ("{team}:room:{member}:{user}", None, "desk:room:whoever:ada", True),
        ("{team}:room:{member}:{user}", "a", "desk:room:whoever:ada", False),
        ("{team}:room:{user}", "a", cut(HEAD), True),
        ("{team}:room:{user}", "a", cut("desk:other:"), False),
        ("{team}:room:{user}", "a", cut(HEAD)[1:], False),
        ("{team}:room:{user}", "a", "x" + cut(HEAD), False),
        ("{team}:room:{user}", "a", cut(HEAD)[:-1], False),
        ("{team}:room:{user}", "a", cut(HEAD)[:-1] + "g", False),
        ("{team}:room", "a", cut("desk:room"), False),  # team and bank alone decide it, so it is known exactly
        ("{team}:room:{user}:{member}", "a", cut(HEAD), False),
        ("{team}:room:{member}:{user}", "a", cut(HEAD + "a:"), True),
        ("{team}:room:{member}:{user}", "a", cut(HEAD + "b:"), False),
        ("{team}:room:{user}:{member}", None, cut(HEAD), True),
        ("{team}:room:{member}:{user}", None, cut(HEAD + "b:"), True),
        ("{team}:room:{user}", None, cut("desk:other:"), False),
    ],
)
def test_which_ids_a_bank_could_have(template: str, member: str | None, bank_id: str, could: bool) -> None:
    assert could_be(BankSpec("room", template), "desk", member, bank_id) is could


def test_an_id_names_its_users_without_those_that_no_escaping_makes() -> None:
    spec = BankSpec("pair", "{team}:pair:{user}:{run}:{user}")
    assert named_by(spec, "desk", "a", "desk:pair:ada:r1:ada") == {"user": "ada", "run": "r1"}
    assert named_by(spec, "desk", "a", "desk:pair:~41:r1:~41") == {"run": "r1"}


def test_an_id_that_was_cut_before_its_bank_may_be_anybodys_and_is_no_members() -> None:
    spec, long = BankSpec("room", "{team}:room:{user}"), "t" * 200
    assert could_be(spec, long, None, cut("t" * 150))
    assert not could_be(spec, long, "a", cut("t" * 150))


def test_a_grant_of_nothing_does_not_hide_another() -> None:
    definition = team(members={"a": {"shared": "none", "notes": "none", "customer": "read-only"}})
    assert match_bank_id(definition, "a", "desk:customer:user:ada") is definition.grant("a", "customer")
    assert match_bank_id(definition, "a", "desk:notes:member:a") is None
