from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams import Access, BankSpec, TeamDefinition
from hindsight_teams.access.grants import Grant, GuardRules
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


def test_a_missing_file_names_the_one_in_a_folder_below(tmp_path: Path) -> None:
    below = tmp_path / "my_team" / "team.toml"
    below.parent.mkdir()
    below.touch()
    with pytest.raises(TeamDefinitionError, match=re.escape(f"did you mean {str(below)!r}?")):
        TeamDefinition.from_file(tmp_path / "team.toml")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(TeamDefinitionError, match="hindsight-teams new"):
        TeamDefinition.from_file(tmp_path / "team.toml")


TEAM: dict[str, Any] = {"banks": {"shared": "team", "own": "user"}, "members": {"a": {"shared": "full"}, "b": {}}}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"banks": {"shared": 7}}, r"banks\.shared: scope 7 must be a string"),
        (
            {"banks": {"shared": {"scope": "team", "conversations": 1}}},
            r"banks\.shared: conversations 1 must be true or false",
        ),
        ({"banks": {"shared": {"scope": "team", "description": 7}}}, r"banks\.shared: description 7 must be a string"),
        ({"banks": {"shared": {"scop": "team"}}}, r"banks\.shared\.scop: unknown key; did you mean 'scope'"),
        ({"banks": 7}, "banks: 7 must map each bank to its scope"),
        ({"banks": {}}, "banks: no bank"),
        ({"members": ["a"]}, r"members: \['a'\] must map each member to the banks"),
        ({"members": {"a": 7}}, r"members\.a: 7 must map banks"),
        ({"members": {"": {}}}, r"members\.: '' must be a non-empty string"),
        ({"members": {7: {}}}, r"members\.7: 7 must be a non-empty string"),
        ({"members": {"a": {"shraed": "full"}}}, r"members\.a\.shraed: unknown bank; did you mean 'shared'"),
        ({"members": {"a": {"shared": {"access": "ful"}}}}, r"members\.a\.shared: .*did you mean 'full'"),
        ({"members": {"a": {"shared": {"scope_tags": "x"}}}}, r"members\.a\.shared: scope_tags='x' must be a list"),
        ({"members": {"a": {"shared": {"acess": "full"}}}}, r"members\.a\.shared\.acess: unknown key; did you mean"),
        ({"curators": "a"}, r"review\.curators: 'a' must be a list"),
        ({"curators": 7}, r"review\.curators: 7 must be a list"),
        ({"proposers": ["c"]}, r"review\.proposers: unknown member 'c'"),
        ({"guard": {"secret": "mark"}}, r"guard\.secret: unknown key; did you mean 'secrets'"),
        ({"guard": {"secrets": "marks"}}, r"guard\.secrets: 'marks'.*'mark'"),
        ({"guard": {"trusted": ["c"]}}, r"guard\.trusted: unknown member 'c'"),
        ({"guard": {"untrusted": ["a"], "trusted": ["a"]}}, r"guard\.untrusted: 'a' is trusted too"),
        ({"variables": {"user": "x"}}, r"team\.variables\.user: 'x' must be a non-empty string, under a new name"),
        ({"variables": {"bank": "x"}}, r"team\.variables\.bank: 'x'"),
        ({"variables": {"p": ""}}, r"team\.variables\.p: ''"),
        ({"variables": {"p": 7}}, r"team\.variables\.p: 7"),
    ],
)
def test_a_mistake_in_python_is_named_by_its_place(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(TeamDefinitionError, match=f"^{says}"):
        TeamDefinition.from_parts("t", **{**TEAM, **parts})


@pytest.mark.parametrize("team_id", ["", "  ", 7, None])
def test_a_team_has_an_id(team_id: Any) -> None:
    with pytest.raises(TeamDefinitionError, match=r"^team\.id: "):
        TeamDefinition.from_parts(team_id, **TEAM)


def test_what_is_left_out_is_nothing() -> None:
    team = TeamDefinition.from_parts("t", banks={"shared": {}}, members={"a": {"shared": {}}, "b": {}})
    assert team.banks["shared"] == BankSpec("shared", "team")
    assert team.grants["a"]["shared"] == Grant(BankSpec("shared"), Access.NONE)
    assert not team.curators
    assert not team.proposers
    assert team.source is None
    assert team.guard == GuardRules()
    assert team.grant("a", "shared") is team.grants["a"]["shared"]
    assert team.grant("b", "shared") is None
    assert team.grant("nobody", "shared") is None
    assert team.grants_of("a") == (team.grants["a"]["shared"],)
    assert team.grants_of("b") == ()


FULL_FILE = """\
[team]
id = "t"
[team.variables]
p = "apollo"
[banks]
room = { scope = "{team}:room:{p}", conversations = true }
[members.a]
room = "full"
[members.b]
[review]
curators = ["a"]
proposers = ["b"]
[guard]
trusted = ["a"]
untrusted = ["b"]
secrets = "refuse"
"""


def test_every_table_of_a_file_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, FULL_FILE)
    team = TeamDefinition.from_file(str(file))
    assert team.source == file
    assert team.banks["room"] == BankSpec("room", "{team}:room:{p}", variables={"p": "apollo"}, conversations=True)
    assert team.curators == {"a"}
    assert team.proposers == {"b"}
    assert team.guard == GuardRules({"secrets": "refuse"}, frozenset({"a"}), frozenset({"b"}))
    other = TeamDefinition.from_file(file, variables={"p": "gemini"})
    assert other.banks["room"].variables == {"p": "gemini"}


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ('id = "t"', "", "line 1, team: the id is missing"),
        ('p = "apollo"', "p = 7", "line 4, team.variables.p: 7 must be"),
        ("[team.variables]", "[team.variable]", "team.variable: unknown key; did you mean 'variables'?"),
        ("[review]\ncurators", "[review]\ncurator", "line 11, review.curator: unknown key; did you mean 'curators'?"),
        ('proposers = ["b"]', 'proposers = ["c"]', "line 12, review.proposers: unknown member 'c'"),
        ('trusted = ["a"]', 'trusted = "a"', "line 14, guard.trusted: 'a' must be a list of member ids"),
        ('secrets = "refuse"', 'secrets = "refused"', "line 16, guard.secrets: 'refused'"),
        ("[members.b]", '[members.b]\nroom = ["full"]', "line 10, members.b.room: 'full' is not a verb"),
        ("[members.b]", "[members]\nb = 7", "line 10, members.b: 7 must map banks to an access"),
    ],
)
def test_a_mistake_in_any_table_is_named_with_its_line(tmp_path: Path, wrong: str, right: str, says: str) -> None:
    assert FULL_FILE.count(wrong) == 1
    with pytest.raises(TeamDefinitionError) as caught:
        TeamDefinition.from_file(write(tmp_path, FULL_FILE.replace(wrong, right)))
    assert says in str(caught.value)
    assert caught.value.details == {"path": str(tmp_path / "team.toml")}


@pytest.mark.parametrize("table", ["team", "banks", "members", "review", "guard"])
def test_a_table_that_is_none_is_named(tmp_path: Path, table: str) -> None:
    whole = {"team": '[team]\nid = "t"', "banks": '[banks]\ns = "team"', "members": '[members.a]\ns = "full"'}
    rest = "\n".join(text for name, text in whole.items() if name != table)
    with pytest.raises(TeamDefinitionError, match=rf"line 1, {table}\b.*\b7\b"):
        TeamDefinition.from_file(write(tmp_path, f"{table} = 7\n{rest}\n"))


def test_a_file_that_is_no_text_a_folder_or_nested_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(TeamDefinitionError, match="UTF-8"):
        TeamDefinition.from_file(file)
    file.write_text("a = " + "[" * 5_000 + "]" * 5_000)
    with pytest.raises(TeamDefinitionError, match=rf"{file.name} .*nested"):
        TeamDefinition.from_file(file)
    with pytest.raises(TeamDefinitionError, match=rf"{tmp_path.name}' is a folder; give its team\.toml"):
        TeamDefinition.from_file(tmp_path)


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


PLACES = [
    ('[team]\nid = "t"\n[banks]\ns = "team"\n[members."a b"]\n"sh" = "full"\n', "line 6, members.a b.sh: "),
    ("[team]\nid = 't'\n[banks]\ns = 'team'\n  [members.'a b']  # x\n  'sh'='full'\n", "line 6, members.a b.sh: "),
    ('team.id = "t"\nbanks.s = "team"\nmembers.a.s = "full"\nmembers.b.sh = "full"\n', "line 4, members.b.sh: "),
    ('[team]\nid = "t"\n[banks]\ns = "team"\n[members]\nb.s = "full"\na . sh = "full"\n', "line 7, members.a.sh: "),
    ('[team]\nid = "t"\n[banks]\ns = "team"\n[members]\na = { sh = "full" }\n', "line 6, members.a.sh: "),
    (
        '[team]\nid = "t"\n[banks]\ns = "team"\n[members.a]\n\n# sh = 1\ns = "full"\nsh = "full"\n',
        "line 9, members.a.sh: ",
    ),
    (
        '[team]\nid = "t"\nsh = 1\n[banks]\nsh = "team"\n[members.a]\nsh = "ful"\n[members.b]\nsh = "full"\n',
        "line 3, team.sh",
    ),
    (
        '[team]\nid = "t"\n[banks]\ns = "team"\n[members.a]\ns = "ful"\n[members.b]\ns = "full"\n',
        "line 6, members.a.s: ",
    ),
    (
        '[team]\nid = "t"\n[banks]\ns = "team"\n[members.b]\ns = "full"\n[members.a]\ns = "ful"\n',
        "line 8, members.a.s: ",
    ),
    ('[team]\nid = "t"\n[banks]\ns = "team"\n[members.a]\ns = "full"\n[[guard]]\n', "line 7, guard: "),
    ('[team]\nid = "t"\n[banks]\ns = "team"\n[members.a]\n[members.""]\n', "line 6, members.: "),
    (
        '[team]\nid = "t"\n[banks]\ns = "team"\n[members.a]\n[review]\ncurators = [\n  "c",\n]\n',
        "line 7, review.curators: ",
    ),
    ('[team]\nid = "t"\n[members.a]\n', "team.toml, banks: no bank"),
    ('[team]\nid = "t"\n[banks]\ns = "team"\n', "team.toml, members: no member"),
    ('[banks]\ns = "team"\n[members.a]\n', "team.toml, team: the id is missing"),
    ('[team]\nid = "t"\n[team.variables]\n"p-q" = 7\n', "line 4, team.variables.p-q: 7"),
    ('[team]\nid = "t"\nvariables = { p = 7 }\n', "line 3, team.variables.p: 7"),
    ('[team]\nid = "t"\n[tema]\n', "line 3, tema: unknown table; did you mean 'team'"),
]


@pytest.mark.parametrize(("text", "says"), PLACES)
def test_the_line_of_a_mistake_is_found_however_its_key_is_written(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TeamDefinitionError) as caught:
        TeamDefinition.from_file(write(tmp_path, text))
    said = str(caught.value)
    assert said.startswith("team.toml")
    assert says in said


def test_a_mistake_in_python_has_no_path() -> None:
    with pytest.raises(TeamDefinitionError, match=r"^review\.curators: .*\['a'\]") as caught:
        TeamDefinition.from_parts("t", **{**TEAM, "curators": [["a"]]})
    assert caught.value.details == {}


def test_every_way_to_give_an_access_and_a_bank_is_read() -> None:
    spec = BankSpec("spec", "user", description="its own")
    team = TeamDefinition.from_parts(
        "t",
        banks={"spec": spec, "plain": "member", "described": {"description": "of the team"}},
        members={
            "a": {
                "spec": "full",
                "plain": ["retain"],
                "described": {"access": ["recall", "reflect"], "scope_tags": ["x:1", "y:2"]},
            },
            "b": {"spec": Access.RECALL, "plain": {"access": "writer-only"}},
        },
        curators={"a"},
        proposers=iter(["a", "b"]),
        guard={"trusted": ["a"], "untrusted": ["b"]},
    )
    assert team.banks["spec"] is spec
    assert (team.banks["described"].scope, team.banks["described"].description) == ("team", "of the team")
    assert {(m, b): (g.access, g.scope_tags) for m, of in team.grants.items() for b, g in of.items()} == {
        ("a", "spec"): (Access.RETAIN | Access.RECALL | Access.REFLECT, ()),
        ("a", "plain"): (Access.RETAIN, ()),
        ("a", "described"): (Access.RECALL | Access.REFLECT, ("x:1", "y:2")),
        ("b", "spec"): (Access.RECALL, ()),
        ("b", "plain"): (Access.RETAIN, ()),
    }
    assert team.curators == {"a"}
    assert team.proposers == {"a", "b"}
    assert team.guard == GuardRules({}, frozenset({"a"}), frozenset({"b"}))
    assert all(grant.bank is team.banks[name] for name, grant in team.grants["a"].items())


def test_a_grant_with_a_scope_is_closed_to_the_scopes_of_others_on_its_bank() -> None:
    def scoped(*tags: str) -> dict[str, Any]:
        return {"access": "full", "scope_tags": list(tags)}

    team = TeamDefinition.from_parts(
        "t",
        banks={"shared": "team", "other": "team"},
        members={
            "maple": {"shared": scoped("p:maple"), "other": scoped("p:oak")},
            "birch": {"shared": scoped("p:birch", "north")},
            "north": {"shared": scoped("north", "p:maple")},
            "lead": {"shared": "full", "other": "full"},
        },
    )
    assert {(member, bank): set(g.closed_tags) for member, held in team.grants.items() for bank, g in held.items()} == {
        ("maple", "shared"): {"p:birch", "north"},
        ("maple", "other"): set(),
        ("birch", "shared"): {"p:maple"},
        ("north", "shared"): {"p:birch"},
        ("lead", "shared"): set(),
        ("lead", "other"): set(),
    }
