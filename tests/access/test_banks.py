"""Bank ids given by hand, by a resolver, by a template, and by a plain toolkit; and the banks that a call may use."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import Any

import pytest

from hindsight_teams.access.banks import BankSpec, DirectBank, Rights, escape, join, review_bank_id, unescape
from hindsight_teams.access.grants import FULL, NONE, READ_ONLY, REFLECT_ONLY, WRITER_ONLY, Access, Caller, Grant
from hindsight_teams.errors import AccessDenied, IdentityRequired, InvalidBankId, InvalidInput, TeamDefinitionError
from hindsight_teams.requests.checks import MAX_BANK_ID, check_bank_id

ADA = Caller(team="desk", member="answerer", user="ada", session="s1")


@pytest.mark.parametrize("bank_id", ["user-123", "a:b", "team memory", "Bücher", "\U0001f989", "x" * MAX_BANK_ID, "~a"])
def test_a_bank_id_given_by_hand_is_used_exactly_as_given(bank_id: str) -> None:
    assert check_bank_id(bank_id) == bank_id
    assert DirectBank(bank_id).resolve(Caller()) == bank_id


@pytest.mark.parametrize(
    ("bank_id", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (" a", "white space"),
        (".", "path step"),
        ("..", "path step"),
        ("a/b", "URL path"),
        ("a\\b", "path separator"),
        ("a\0b", "control character"),
        ("a\x85b", "control character"),
        ("a\ud800b", "surrogate"),
        ("x" * (MAX_BANK_ID + 1), "limit is 192"),
        ("é" * 97, "194 UTF-8 bytes"),
        (7, "must be a string"),
        (None, "must be a string"),
    ],
)
def test_a_bank_id_that_no_backend_could_hold_is_refused_with_the_reason(bank_id: Any, reason: str) -> None:
    with pytest.raises(InvalidBankId, match=reason):
        check_bank_id(bank_id)


@pytest.mark.parametrize(
    ("spec", "bank_id"),
    [
        (BankSpec("shared", "team"), "desk:shared"),
        (BankSpec("notes", "member"), "desk:notes:member:answerer"),
        (BankSpec("customer", "user"), "desk:customer:user:ada"),
        (BankSpec("room", "{team}:room:{session}"), "desk:room:s1"),
        (BankSpec("room", "{team}:{bank}:{p}", variables={"p": "a b"}), "desk:room:a~20b"),
    ],
)
def test_an_id_can_be_read_by_people(spec: BankSpec, bank_id: str) -> None:
    assert spec.resolve(ADA) == bank_id


def test_escapes_are_the_bytes_of_what_they_stand_for() -> None:
    assert escape("a b/é") == "a~20b~2f~c3~a9"


@pytest.mark.parametrize(
    ("name", "scope", "problem"),
    [
        ("9lives", "team", "must start with a letter"),
        ("a b", "team", "must start with a letter"),
        ("notes", "memebr", "did you mean 'member'"),
        ("notes", "room:{sesion}", "did you mean 'session'"),
        ("notes", "room:{session", "can't be read"),
        ("notes", "room:{session!r}", "without format"),
        ("notes", "{team}:{bank}:{user}{session}", "separator"),
        ("notes", "{team}:{bank}:{member}-{user}", "separator"),
        ("notes", "{team}.@{user}", "separator"),
        ("notes", "{{user}}", "no field"),
        ("notes", "{team}:{bank}:a~{user}", "'~'"),
        ("notes", "{team}:{bank}/{user}", "URL path"),
    ],
)
def test_a_mistaken_scope_is_refused_when_the_team_is_declared(name: str, scope: str, problem: str) -> None:
    with pytest.raises((TeamDefinitionError, InvalidBankId), match=problem):
        BankSpec(name, scope)


@pytest.mark.parametrize(
    ("scope", "instead"),
    [
        ("{user}:{session}", "{team}:{bank}:{user}:{session}"),
        ("room:{session}", "{team}:{bank}:room:{session}"),
        ("{team}:{user}", "{team}:{bank}:{user}"),
        ("{bank}:{team}", "{team}:{bank}:{team}"),
        ("{bank}:{user}", "{team}:{bank}:{user}"),
        ("{team}:other:{user}", "{team}:{bank}:other:{user}"),
        ("{team}:rooms:{user}", "{team}:{bank}:rooms:{user}"),
        ("x{team}:{bank}:{user}", "{team}:{bank}:x{team}:{bank}:{user}"),
        ("{team}:{bank}|{user}", "{team}:{bank}:{bank}|{user}"),
    ],
)
def test_a_template_without_the_team_and_the_bank_is_refused_and_told_how_to_write_it(scope: str, instead: str) -> None:
    with pytest.raises(TeamDefinitionError, match=re.escape(repr(instead))):
        BankSpec("room", scope)


@pytest.mark.parametrize("scope", ["{team}:{bank}", "{team}:room", "{team}:{bank}:{session}", "{team}:room:x|{user}"])
def test_a_template_that_starts_with_the_team_and_the_bank_is_accepted(scope: str) -> None:
    assert BankSpec("room", scope).resolve(ADA).startswith("desk:room")


def test_no_template_can_give_the_id_of_the_review_bank() -> None:
    with pytest.raises(TeamDefinitionError, match="review bank"):
        BankSpec("review", "{team}:{bank}:{session}")
    assert BankSpec("review", "user").resolve(Caller(team="desk", user="queue")) != review_bank_id(ADA)
    assert BankSpec("review", "{team}:{bank}").resolve(Caller(team="desk")) == "desk:review"


def test_a_template_that_is_empty_for_this_caller_is_an_error() -> None:
    with pytest.raises(IdentityRequired, match="pass session_id="):
        BankSpec("room", "{team}:{bank}:{session}").resolve(Caller(team="desk", user="ada"))


def test_what_was_escaped_is_read_back_and_nothing_else_is() -> None:
    for text in ("ada", "a b", "é", "a:b~c", "\ud800", "~20"):
        assert unescape(escape(text)) == text
    for never in ("", "a b", "~", "~2", "~2G", "~41", "~ff", "~2F", "a:b", "~20~"):
        assert unescape(never) is None
    with pytest.raises(IdentityRequired, match="non-empty"):
        escape("")


def test_components_are_joined_and_the_tail_of_a_long_id_is_a_hash() -> None:
    assert join("a", "b c") == "a:b~20c"
    fits = "x" * (MAX_BANK_ID - 2)
    assert join("a", fits) == f"a:{fits}"
    cut, other = join("a", fits + "y"), join("a", fits + "z")
    assert len(cut) == len(other) == MAX_BANK_ID
    assert cut != other
    assert re.fullmatch(r"a:x{148}~~[0-9a-f]{40}", cut)
    for step in (".", ".."):
        assert re.fullmatch(rf"{re.escape(step)}~~[0-9a-f]{{40}}", join(step))
    assert join("...") == "..."


def test_a_bank_is_the_teams_and_takes_no_conversations_unless_it_says_so() -> None:
    spec = BankSpec("notes")
    assert (spec.scope, spec.resolver, spec.description, spec.variables) == ("team", None, "", {})
    assert spec.conversations is False


def test_the_review_bank_is_the_teams() -> None:
    assert review_bank_id(ADA) == "desk:review:queue"
    assert review_bank_id(Caller()) == "toolkit:review:queue"


def test_two_banks_that_differ_only_in_their_variables_are_not_the_same_and_can_be_told_apart_in_a_set() -> None:
    one, other = (BankSpec("room", "{team}:room:{p}", variables={"p": p}) for p in ("a", "b"))
    assert one != other
    assert len({one, other, BankSpec("room", "{team}:room:{p}", variables={"p": "a"})}) == 2


@pytest.mark.parametrize(
    ("scope", "needs"),
    [
        ("team", {"team"}),
        ("member", {"team", "member"}),
        ("user", {"team", "user"}),
        ("{team}:{bank}:{session}:{run}", {"team", "session", "run"}),
        ("{team}:{bank}:{p}", {"team"}),
    ],
)
def test_a_bank_needs_what_its_id_depends_on(scope: str, needs: set[str]) -> None:
    assert BankSpec("room", scope, variables={"p": "x"}).needs == needs


@pytest.mark.parametrize(
    ("scope", "caller", "says"),
    [
        ("user", Caller(team="t", member="m"), "has no user; pass user_id="),
        ("{team}:{bank}:{session}", Caller(team="t"), "has no session; pass session_id="),
        ("{team}:{bank}:{run}", Caller(team="t"), "has no run; call it from within a run"),
        ("member", Caller(team="t"), "has no member; compose it with a member"),
        ("team", Caller(), "has no team; compose it with a team"),
        ("user", Caller(team="t", user=7), "user_id=7"),  # type: ignore[arg-type]
        ("user", Caller(team="t", user=""), "has no user"),
    ],
)
def test_who_is_missing_is_named_with_what_to_do(scope: str, caller: Caller, says: str) -> None:
    with pytest.raises(IdentityRequired, match=says):
        BankSpec("room", scope).resolve(caller)


@pytest.mark.parametrize(
    ("scope", "bank_id", "may"),
    [
        ("user", "t:notes:user:ada", True),
        ("user", "t:notes:user:bob", False),
        ("user", "t:notes:user:ada:more", False),
        ("user", "u:notes:user:ada", False),
        ("user", "t:other:user:ada", False),
        ("user", "x:t:notes:user:ada", False),
        ("{team}:{bank}:{user}:{session}", "t:notes:ada:s1", True),
        ("{team}:{bank}:{user}:{session}", "t:notes:ada:a~20b", True),
        ("{team}:{bank}:{user}:{session}", "t:notes:ada:", False),
        ("{team}:{bank}:{user}:{session}", "t:notes:ada:s1:s2", False),
        ("{team}:{bank}:{user}:{session}", "t:notes:bob:ada", False),
        ("{team}:{bank}:{session}:{user}", "t:notes:ada:ada", True),
        ("{team}:{bank}:{session}:{user}", "t:notes:ada:bob", False),
        ("{team}:{bank}:{user}:room", "t:notes:ada:room", True),
        ("{team}:{bank}:{user}:room", "t:notes:ada:rooms", False),
        ("{team}:{bank}:{project}:{user}", "t:notes:a.b:ada", True),
        ("{team}:{bank}:{project}:{user}", "t:notes:axb:ada", False),
    ],
)
def test_a_bank_of_a_caller_is_known_by_what_is_known_of_the_caller(scope: str, bank_id: str, may: bool) -> None:
    spec = BankSpec("notes", scope, variables={"project": "a.b"})
    assert spec.may_be_of(Caller(team="t", user="ada"), bank_id) is may


@pytest.mark.parametrize("name", ["a", "A-1_b", "x" * 64])
def test_a_name_of_letters_digits_and_dashes_passes(name: str) -> None:
    assert BankSpec(name).resolve(ADA) == f"desk:{name}"
    for wrong in ("", f"{name}.", f"-{name}", f"_{name}", "x" * 65, f"{name}\n"):
        with pytest.raises(TeamDefinitionError, match=re.escape(f"name {wrong!r}")):
            BankSpec(wrong)


class TestResolvers:
    async def test_an_async_resolver_is_refused_and_leaves_nothing_to_await(self) -> None:
        async def asks(_: Any) -> str:
            return "b"

        with pytest.raises(InvalidBankId, match=r"'asks' .*async"):
            BankSpec("room", resolver=asks).resolve(ADA)  # type: ignore[arg-type]
        future = asyncio.get_running_loop().create_future()
        with pytest.raises(InvalidBankId, match="is async"):
            BankSpec("room", resolver=lambda _: future).resolve(ADA)  # type: ignore[arg-type,return-value]

    def test_a_resolver_that_gives_nothing_is_named(self) -> None:
        class Finder:
            def __call__(self, _: Any) -> None:
                return None

        with pytest.raises(InvalidBankId, match=r"'Finder' .*None"):
            BankSpec("room", resolver=Finder()).resolve(ADA)  # type: ignore[arg-type]

    def test_a_bank_of_a_resolver_has_no_template_and_needs_nothing(self) -> None:
        spec = BankSpec("room", "nonsense", resolver=lambda _: "b")
        assert (spec.template, spec.needs) == ("", frozenset())

    def test_a_resolver_sees_the_run_context_and_decides_alone(self) -> None:
        context = SimpleNamespace(session_state={"project": "maple"})
        spec = BankSpec("room", resolver=lambda c: f"room:{c.session_state['project']}")
        assert spec.resolve(Caller(context=context)) == "room:maple"
        assert DirectBank("unused", resolver=spec.resolver).resolve(Caller(context=context)) == "room:maple"

    @pytest.mark.parametrize("given", [None, "", "a/b", 7, "x" * 300])
    def test_what_is_no_bank_id_is_refused(self, given: Any) -> None:
        with pytest.raises(InvalidBankId):
            BankSpec("room", resolver=lambda _: given).resolve(ADA)

    @pytest.mark.parametrize("given", ["desk:review:queue", "other:review:queue"])
    def test_no_resolver_and_no_user_id_leads_into_a_review_bank(self, given: str) -> None:
        for bank in (BankSpec("room", resolver=lambda _: given), DirectBank(resolver=lambda _: given), DirectBank()):
            with pytest.raises(InvalidBankId, match=given):
                bank.resolve(Caller(team="desk", member="a", user=given))

    def test_the_words_of_a_failing_resolver_stay_out_of_the_message(self) -> None:
        def broken(_: Any) -> str:
            raise KeyError("postgres://secret")

        with pytest.raises(InvalidBankId, match=r"'broken'.*KeyError") as failure:
            BankSpec("room", resolver=broken).resolve(ADA)
        assert "secret" not in str(failure.value)
        assert isinstance(failure.value.__cause__, KeyError)

    def test_an_error_of_this_package_passes_unchanged(self) -> None:
        raised = IdentityRequired("who is it?")

        def asks(_: Any) -> str:
            raise raised

        with pytest.raises(IdentityRequired) as caught:
            BankSpec("room", resolver=asks).resolve(ADA)
        assert caught.value is raised


class TestDirectBank:
    def test_it_needs_the_user_where_nothing_else_decides(self) -> None:
        assert DirectBank().needs == {"user"}
        assert DirectBank("b").needs == DirectBank(resolver=lambda _: "b").needs == frozenset()
        assert DirectBank().name == "memory"

    def test_the_order_is_resolver_then_bank_id_then_user(self) -> None:
        assert DirectBank("fixed", resolver=lambda _: "resolved").resolve(ADA) == "resolved"
        assert DirectBank("fixed").resolve(ADA) == "fixed"
        assert DirectBank().resolve(ADA) == "ada"

    def test_nothing_at_all_is_an_error_that_names_the_three_ways(self) -> None:
        with pytest.raises(IdentityRequired, match=r"bank_id= or bank_resolver=.*user_id="):
            DirectBank().resolve(Caller())

    def test_a_user_id_that_is_no_bank_id_is_refused(self) -> None:
        with pytest.raises(InvalidBankId):
            DirectBank().resolve(Caller(user="a/b"))

    @pytest.mark.parametrize(
        ("scope", "caller"),
        [
            ("team", Caller(team="desk", member="a")),
            ("member", Caller(team="desk", member="a")),
            ("user", Caller(team="desk", member="a", user="ada")),
            ("{team}:{bank}:{session}", Caller(team="desk", member="a", session="s" * 300)),
            ("team", Caller(team="desk" * 60, member="a")),
        ],
    )
    def test_no_user_id_is_that_of_a_teams_bank(self, scope: str, caller: Caller) -> None:
        of_the_team = BankSpec("shared", scope=scope).resolve(caller)
        with pytest.raises(InvalidBankId, match=r"bank_resolver=.*TeamMemory") as refused:
            DirectBank().resolve(Caller(user=of_the_team))
        assert repr(of_the_team)[:40] in str(refused.value)

    @pytest.mark.parametrize("user", ["ada", "auth0|64b", "ada@example.com", "zoë", "a~b", "team-7"])
    def test_any_other_user_id_is_the_bank_id_as_it_is(self, user: str) -> None:
        assert DirectBank().resolve(Caller(user=user)) == user

    def test_mistakes_show_when_it_is_made(self) -> None:
        with pytest.raises(InvalidBankId):
            DirectBank("a/b")
        with pytest.raises(InvalidInput, match="callable"):
            DirectBank(resolver="room")  # type: ignore[arg-type]


def rights(**banks: Access) -> Rights:
    return Rights(tuple(Grant(BankSpec(name), access) for name, access in banks.items()), "a")


@pytest.mark.parametrize("count", [2, 3])
def test_a_write_that_names_no_bank_is_refused_where_several_are_writable(count: int) -> None:
    held = rights(**{f"b{n}": WRITER_ONLY for n in range(count)})
    with pytest.raises(InvalidInput, match="'b0', 'b1'"):
        held.write_target(ADA, None)


def test_a_write_that_names_no_bank_goes_to_the_only_one_that_is_writable() -> None:
    assert rights(read=READ_ONLY, write=WRITER_ONLY, none=NONE).write_target(ADA, None).bank_id == "desk:write"


@pytest.mark.parametrize("bank", ["read", "none", "unknown", "", 7])
def test_a_write_goes_to_no_bank_without_the_right(bank: Any) -> None:
    with pytest.raises(AccessDenied):
        rights(read=READ_ONLY, none=NONE, write=FULL).write_target(ADA, bank)


def test_without_any_right_nothing_is_written_or_read() -> None:
    held = rights(none=NONE)
    with pytest.raises(AccessDenied, match="retain on any bank"):
        held.write_target(ADA, None)
    for access in (Access.RECALL, Access.REFLECT):
        with pytest.raises(AccessDenied, match=f"{access.verbs[0]} on any bank"):
            held.read_targets(ADA, access, None)


def test_a_read_goes_to_all_that_the_right_is_held_on_and_to_no_other() -> None:
    held = rights(write=WRITER_ONLY, read=READ_ONLY, think=REFLECT_ONLY, full=FULL)
    assert [t.name for t in held.read_targets(ADA, Access.RECALL, None)] == ["read", "full"]
    assert [t.name for t in held.read_targets(ADA, Access.REFLECT, None)] == ["read", "think", "full"]


def test_a_read_goes_to_the_named_banks_once_each() -> None:
    held = rights(read=READ_ONLY, full=FULL)
    assert [t.name for t in held.read_targets(ADA, Access.RECALL, ["full", "full"])] == ["full"]
    assert [t.name for t in held.read_targets(ADA, Access.RECALL, "read")] == ["read"]


@pytest.mark.parametrize("named", [["write"], ["read", "write"], ["read", "unknown"], ["think"]])
def test_one_named_bank_without_the_right_denies_the_whole_read(named: list[str]) -> None:
    held = rights(write=WRITER_ONLY, read=READ_ONLY, think=REFLECT_ONLY)
    with pytest.raises(AccessDenied):
        held.read_targets(ADA, Access.RECALL, named)


def test_no_bank_is_named_by_an_empty_list() -> None:
    with pytest.raises(InvalidInput, match=r"banks=\[\]"):
        rights(read=READ_ONLY).read_targets(ADA, Access.RECALL, [])


def test_a_bank_of_a_user_needs_the_user() -> None:
    held = Rights((Grant(BankSpec("customer", "user"), FULL),), "a")
    assert held.write_target(ADA, None).bank_id == "desk:customer:user:ada"
    with pytest.raises(IdentityRequired):
        held.write_target(Caller(team="desk", member="a"), None)
    with pytest.raises(IdentityRequired):
        held.read_targets(Caller(team="desk", member="a"), Access.RECALL, None)


def test_a_denial_names_the_member_and_the_right() -> None:
    with pytest.raises(AccessDenied, match=r"'a'.*'read'.*'retain'"):
        rights(read=READ_ONLY).write_target(ADA, "read")
    with pytest.raises(AccessDenied, match="this toolkit"):
        Rights(()).write_target(ADA, None)
