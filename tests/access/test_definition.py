from __future__ import annotations

from pathlib import Path

import pytest

from hindsight_teams import Access, BankSpec, TeamDefinition
from hindsight_teams.errors import TeamDefinitionError

GOOD = """\
[team]
id = "research-desk"
variables = { project = "apollo" }

[banks]
shared = "team"
room = { scope = "{team}:room:{project}", description = "the project's room" }

[members.researcher]
shared = "writer-only"

[members.answerer]
shared = ["recall", "reflect"]
room = { access = "full", scope_tags = ["area:north"] }

[review]
curators = ["answerer"]
"""


def write(path: Path, text: str) -> Path:
    file = path / "team.toml"
    file.write_text(text)
    return file


def test_a_file_gives_banks_grants_scope_and_curators(tmp_path: Path) -> None:
    team = TeamDefinition.from_file(write(tmp_path, GOOD))
    assert team.team_id == "research-desk"
    assert team.grants["researcher"]["shared"].access == Access.RETAIN
    assert team.grants["answerer"]["shared"].access == Access.RECALL | Access.REFLECT
    assert team.grants["answerer"]["room"].scope_tags == ("area:north",)
    assert team.banks["room"].description == "the project's room"
    assert team.curators == {"answerer"}


def test_python_and_toml_give_the_same_definition(tmp_path: Path) -> None:
    from_python = TeamDefinition.from_parts(
        "research-desk",
        variables={"project": "apollo"},
        banks={"shared": "team", "room": {"scope": "{team}:room:{project}", "description": "the project's room"}},
        members={
            "researcher": {"shared": Access.RETAIN},
            "answerer": {
                "shared": ["recall", "reflect"],
                "room": {"access": "full", "scope_tags": ["area:north"]},
            },
        },
        curators=["answerer"],
    )
    assert TeamDefinition.from_file(write(tmp_path, GOOD)) == from_python


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("[members.researcher]", "[member.researcher]", "unknown table; did you mean 'members'?"),
        (
            'shared = "writer-only"',
            'shraed = "writer-only"',
            "line 10, members.researcher.shraed: unknown bank; did you",
        ),
        ('"writer-only"', '"writeronly"', "neither a policy nor a verb; did you mean 'writer-only'?"),
        ('["recall", "reflect"]', '["recal"]', "line 13, members.answerer.shared: 'recal' is not a verb; did you mean"),
        ('shared = "team"', 'shared = "teem"', "line 6, banks.shared: bank 'shared' has the unknown scope 'teem'"),
        ("{project}", "{projct}", "names the unknown field 'projct'; did you mean 'project'?"),
        ('["answerer"]', '["anwserer"]', "unknown member 'anwserer'; did you mean 'answerer'?"),
        ('id = "research-desk"', 'name = "research-desk"', "line 2, team.name: unknown key"),
        (
            "scope_tags",
            "scope_tgs",
            "line 14, members.answerer.room.scope_tgs: unknown key; did you mean 'scope_tags'?",
        ),
        ('id = "research-desk"', 'id = "research-desk', "not valid TOML"),
        ("[members.answerer]", "[members.researcher]", "not valid TOML: Cannot declare"),
        ('id = "research-desk"', 'id = ""', "must be a non-empty string"),
        ('"writer-only"', "3", "is not an access"),
        ('curators = ["answerer"]', 'curators = "answerer"', "must be a list of member ids"),
    ],
)
def test_a_mistake_in_the_file_is_one_error_that_names_the_place_and_the_nearest_name(
    tmp_path: Path, wrong: str, right: str, says: str
) -> None:
    assert wrong in GOOD
    with pytest.raises(TeamDefinitionError) as caught:
        TeamDefinition.from_file(write(tmp_path, GOOD.replace(wrong, right, 1)))
    assert says in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_with_a_byte_order_mark_and_crlf_is_read(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert TeamDefinition.from_file(file).team_id == "research-desk"


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(TeamDefinitionError, match="hindsight-teams new"):
        TeamDefinition.from_file(tmp_path / "team.toml")


@pytest.mark.parametrize("what", ["banks", "members"])
def test_a_team_without_banks_or_members_is_refused(what: str) -> None:
    parts: dict[str, object] = {"banks": {"shared": "team"}, "members": {"a": {"shared": "full"}}}
    parts[what] = {}
    with pytest.raises(TeamDefinitionError, match=f"^{what}: no"):
        TeamDefinition.from_parts("t", **parts)  # type: ignore[arg-type]


def test_a_bank_may_be_a_resolver() -> None:
    team = TeamDefinition.from_parts("t", banks={"own": lambda context: "bank-7"}, members={"a": {"own": "full"}})
    from hindsight_teams import Caller

    assert team.banks["own"].resolve(Caller(team="t", member="a")) == "bank-7"


def test_a_bank_spec_under_another_name_is_refused() -> None:
    with pytest.raises(TeamDefinitionError, match=r"banks\.own: .*'shared'"):
        TeamDefinition.from_parts("t", banks={"own": BankSpec("shared")}, members={"a": {"own": "full"}})


def test_a_template_of_the_file_that_another_teams_bank_could_have_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(TeamDefinitionError, match=r"line 7, banks\.room.*'\{team\}:\{bank\}:\{user\}:\{session\}'"):
        TeamDefinition.from_file(write(tmp_path, GOOD.replace("{team}:room:{project}", "{user}:{session}", 1)))


class OwnDefinition(TeamDefinition):
    __slots__ = ()


def test_a_subclass_reads_and_builds_itself(tmp_path: Path) -> None:
    assert type(OwnDefinition.from_file(write(tmp_path, GOOD))) is OwnDefinition
    own = OwnDefinition.from_parts("t", banks={"shared": "team"}, members={"a": {"shared": "full"}})
    assert type(own) is OwnDefinition


def test_an_unknown_member_is_told_the_nearest(tmp_path: Path) -> None:
    team = TeamDefinition.from_file(write(tmp_path, GOOD))
    with pytest.raises(TeamDefinitionError, match="'researcher'"):
        team.grants_of("reseacher")
