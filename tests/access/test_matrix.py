"""The access matrix as rows, values and text."""

from __future__ import annotations

import json

import pytest

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.matrix import AccessMatrix

MATRIX = AccessMatrix.of(
    TeamDefinition.from_parts(
        "desk",
        banks={"shared": "team", "notes": "member", "vault": lambda context: "v"},
        members={
            "lead": {"shared": {"access": "full", "scope_tags": ["project:maple"]}, "vault": "read-only"},
            "scout": {"shared": ["retain", "recall"], "notes": "writer-only"},
        },
    )
)


def test_each_cell_is_what_a_member_holds_on_a_bank() -> None:
    assert MATRIX.rows() == [
        ("member", "shared (team)", "notes (member)", "vault (resolver)"),
        ("lead", "full", "none", "read-only"),
        ("scout", "retain+recall", "writer-only", "none"),
    ]


def test_its_plain_values_are_json_and_hold_verbs_and_scopes() -> None:
    assert json.loads(json.dumps(MATRIX.to_dict())) == {
        "team": "desk",
        "banks": {"shared": "team", "notes": "member", "vault": "resolver"},
        "members": {
            "lead": {"shared": ["retain", "recall", "reflect"], "notes": [], "vault": ["recall", "reflect"]},
            "scout": {"shared": ["retain", "recall"], "notes": ["retain"], "vault": []},
        },
        "scope_tags": {"lead": {"shared": ["project:maple"]}},
    }


@pytest.mark.parametrize(
    ("member", "bank", "verb", "allowed"),
    [
        ("lead", "shared", "retain", True),
        ("lead", "vault", "reflect", True),
        ("lead", "vault", "retain", False),
        ("lead", "notes", "recall", False),
        ("scout", "shared", "reflect", False),
        ("scout", "nowhere", "recall", False),
        ("nobody", "shared", "recall", False),
        ("lead", "shared", "delete", False),
    ],
)
def test_it_allows_only_what_is_held(member: str, bank: str, verb: str, allowed: bool) -> None:
    assert MATRIX.allows(member, bank, verb) is allowed


def test_its_text_has_a_column_for_each_bank() -> None:
    assert str(MATRIX).splitlines() == [
        "member  shared (team)  notes (member)  vault (resolver)",
        "lead    full           none            read-only",
        "scout   retain+recall  writer-only     none",
    ]
