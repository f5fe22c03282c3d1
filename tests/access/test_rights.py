"""The banks that a call may use."""

from __future__ import annotations

from typing import Any

import pytest

from hindsight_teams.access.banks import BankSpec, Rights
from hindsight_teams.access.grants import FULL, NONE, READ_ONLY, REFLECT_ONLY, WRITER_ONLY, Access, Caller, Grant
from hindsight_teams.errors import AccessDenied, IdentityRequired, InvalidInput

ADA = Caller(team="desk", member="a", user="ada")


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
