"""The reader of team.toml with random input: it gives a definition, or one error that says what is wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.errors import ConfigurationError, HindsightTeamsError

WHOLE = """
[team]
id = "desk"
[team.variables]
project = "maple"
[banks]
shared = "team"
room = "{team}:room:{project}:{user}"
notes = { scope = "member", description = "x" }
[members.a]
shared = "full"
notes = ["retain", "recall"]
room = { access = "read-only", scope_tags = ["t"] }
[members.b]
shared = "none"
[review]
curators = ["a"]
proposers = ["b"]
[guard]
secrets = "redact"
trusted = ["a"]
"""

values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=10)
    | st.sampled_from(
        ["team", "member", "full", "{user}", "{team}:{x}", "{", "{user.__class__}", "{0}", "a", "shared"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
tables = st.fixed_dictionaries(
    {},
    optional={
        "team": st.dictionaries(st.sampled_from(["id", "variables", "x"]), values, max_size=3) | values,
        "banks": st.dictionaries(st.sampled_from(["shared", "notes", "", "a b"]), values, max_size=3) | values,
        "members": st.dictionaries(
            st.sampled_from(["a", "b", ""]),
            st.dictionaries(st.sampled_from(["shared", "notes"]), values, max_size=2) | values,
            max_size=2,
        ),
        "review": st.dictionaries(st.sampled_from(["curators", "proposers", "x"]), values, max_size=2) | values,
        "guard": st.dictionaries(st.sampled_from(["secrets", "trusted", "untrusted", "x"]), values, max_size=2)
        | values,
        "more": values,
    },
)


def toml(value: Any) -> str:
    """A JSON value as an inline TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def read(folder: Path, text: str) -> TeamDefinition | None:
    """What the reader makes of a file; None where it refuses it with an error of its own."""
    path = folder / "team.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return TeamDefinition.from_file(path)
    except ConfigurationError as error:
        refused = str(error)
    assert 0 < len(refused) <= 2_000
    return None


def holds_together(definition: TeamDefinition) -> None:
    """Whoever is granted something reaches banks of this team, and nobody is named who is no member."""
    assert (definition.curators | definition.proposers) <= definition.grants.keys()
    who = Caller(team=definition.team_id, member="m", user="u", session="s", run="r")
    for grants in definition.grants.values():
        for name, grant in grants.items():
            assert grant.bank is definition.banks[name]
            assert isinstance(grant.access, Access)
            with suppress(HindsightTeamsError):  # an id may be one that no backend could hold
                assert grant.bank.resolve(who)


@pytest.mark.slow
@settings(max_examples=3 * settings().max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables)
def test_a_file_of_any_shape_is_read_or_refused(tmp_path: Path, table: dict[str, Any]) -> None:
    definition = read(tmp_path, "\n".join(f"{json.dumps(name)} = {toml(value)}" for name, value in table.items()))
    if definition is not None:
        holds_together(definition)


@settings(max_examples=3 * settings().max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, len(WHOLE)),
    length=st.integers(0, 12),
    instead=st.text(max_size=6) | st.sampled_from(["[", '"', "{}"]),
)
def test_a_file_with_a_slip_is_read_or_refused(tmp_path: Path, start: int, length: int, instead: str) -> None:
    definition = read(tmp_path, WHOLE[:start] + instead + WHOLE[start + length :])
    if definition is not None:
        holds_together(definition)


PIECES = (
    *("{team}", "{bank}", "{member}", "{user}", "{session}", "{p}", ":", "room", "{", "}", "{{", "~", "/", "..", " "),
    *("{user!r}", "{0}", "{user:>9}", "{user.x}", "{user[0]}"),
)


@settings(max_examples=3 * settings().max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scope=st.lists(
        st.sampled_from(PIECES),
        max_size=7,
    ).map("".join)
)
def test_a_template_of_any_shape_gives_the_teams_own_banks_or_is_refused(tmp_path: Path, scope: str) -> None:
    text = WHOLE.replace("[members.a]", f'odd = "{scope}"\n[members.a]\nodd = "full"', 1)
    definition = read(tmp_path, text)
    if definition is None or "odd" not in definition.banks:
        return
    holds_together(definition)
    spec = definition.banks["odd"]
    users = [Caller(team="t", member="a", user=user, session="s", run="r") for user in ("u", "u:v", "~u", "U")]
    ids = []
    for who in users:
        with suppress(HindsightTeamsError):
            ids.append(spec.resolve(who))
    assert all(bank_id.split(":")[:2] == ["t", "odd"] for bank_id in ids)
    assert len(set(ids)) == (len(ids) if "user" in spec.needs else min(1, len(ids)))


@pytest.mark.parametrize("depth", [200, 20_000])
def test_a_deeply_nested_file_is_refused(tmp_path: Path, depth: int) -> None:
    assert read(tmp_path, f"team = {'[' * depth}{']' * depth}") is None


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "team.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError):
        TeamDefinition.from_file(path)


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    definition = read(tmp_path, WHOLE)
    assert definition is not None
    holds_together(definition)
