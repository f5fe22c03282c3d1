"""Whom a key belongs to, and what its owner may, from a key file and team files as they are now."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.errors import ConfigurationError
from hindsight_teams.server.authority import Authority, Identity

TEAM = """
[team]
id = "{id}"
[banks]
shared = "team"
customer = "user"
[members.all]
shared = "full"
customer = ["recall"]
[members.reader]
shared = "read-only"
[members.proposer]
customer = ["recall"]
[members.idle]
[review]
proposers = ["proposer"]
"""


class Desk:
    """Team files, and a key for a member of one."""

    def __init__(self, folder: Path, *teams: str) -> None:
        self.folder = folder
        self.files = []
        for number, team in enumerate(teams):
            self.files.append(folder / f"{number}.toml")
            self.files[-1].write_text(TEAM.format(id=team))
        self.authority = Authority(folder / "keys.json", self.files)

    def identity(self, team: str, member: str, *, admin: bool = False) -> Identity:
        found = self.authority.identify(self.authority.keys.create(team, member, admin=admin)[1])
        assert found is not None
        return found


def test_a_key_belongs_to_the_member_that_it_was_made_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "desk", "other")
    found = desk.identity("desk", "all")
    assert (found.member, found.admin) == ("all", False)
    assert found.definition is not None
    assert found.definition.team_id == "desk"
    assert [rival.team_id for rival in found.rivals] == ["other"]
    for key in (None, "", "htm_0000000000_" + "A" * 43):
        assert desk.authority.identify(key) is None


@pytest.mark.parametrize(
    ("member", "access", "retains", "recalls", "queues"),
    [
        ("all", Access.RETAIN | Access.RECALL | Access.REFLECT, True, True, True),
        ("reader", Access.RECALL | Access.REFLECT, False, True, False),
        ("proposer", Access.RECALL, False, False, True),
        ("idle", Access.NONE, False, False, False),
        ("nobody", Access.NONE, False, False, False),
    ],
)
def test_a_member_may_what_it_holds_on_a_bank(
    tmp_path: Path, member: str, access: Access, retains: bool, recalls: bool, queues: bool
) -> None:
    found = Desk(tmp_path, "desk").identity("desk", member)
    assert found.access == access
    assert found.may(Access.RETAIN, "desk:shared") is retains
    assert found.may(Access.RECALL, "desk:shared") is recalls
    assert found.may_queue("desk:review:queue") is queues
    assert found.may(Access.RETAIN, "desk:review:queue") is queues
    assert not found.may(Access.RECALL, "desk:review:queue")
    assert not found.may(Access.NONE, "desk:shared")
    assert not found.may_queue("desk:shared")
    assert not found.may(Access.RETAIN, "desk:customer:user:ada")


def test_an_admin_may_everything_and_belongs_to_no_team(tmp_path: Path) -> None:
    found = Desk(tmp_path, "desk").identity("desk", "all", admin=True)
    assert (found.admin, found.definition, found.grants, found.access) == (True, None, (), Access.NONE)
    assert found.may(Access.RETAIN, "anything")
    assert not found.may_queue("desk:review:queue")


def test_a_member_of_a_team_that_no_file_declares_holds_nothing(tmp_path: Path) -> None:
    found = Desk(tmp_path, "desk").identity("elsewhere", "all")
    assert (found.definition, found.grants) == (None, ())
    assert not found.may(Access.RECALL, "elsewhere:shared")
    assert not found.may(Access.RECALL, "desk:shared")
    assert not found.may_queue("elsewhere:review:queue")


def test_an_id_that_another_team_could_have_is_nobodys(tmp_path: Path) -> None:
    mine, theirs = "t" * 200 + "a", "t" * 200 + "b"
    definition = TeamDefinition.from_parts(mine, banks={"shared": "team"}, members={"all": {"shared": "full"}})
    bank_id = definition.banks["shared"].resolve(Caller(team=mine))
    alone = tmp_path / "alone"
    alone.mkdir()
    assert Desk(alone, mine).identity(mine, "all").may(Access.RECALL, bank_id)
    assert not Desk(tmp_path, mine, theirs).identity(mine, "all").may(Access.RECALL, bank_id)


def test_two_files_of_one_team_are_an_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "desk", "desk")
    with pytest.raises(ConfigurationError, match="'desk'"):
        desk.authority.teams()
    assert desk.identity("desk", "all", admin=True).admin
    with pytest.raises(ConfigurationError, match="'desk'"):
        desk.identity("desk", "all")


def test_a_right_that_changed_counts_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "desk")
    key = desk.authority.keys.create("desk", "reader")[1]
    for policy, recalls in (("none", False), ("read-only", True)):
        desk.files[0].write_text(TEAM.format(id="desk").replace('shared = "read-only"', f'shared = "{policy}"'))
        found = desk.authority.identify(key)
        assert found is not None
        assert found.may(Access.RECALL, "desk:shared") is recalls


def test_what_is_not_at_work_is_missing(tmp_path: Path) -> None:
    authority = Desk(tmp_path, "desk").authority
    assert authority.missing == {"guard", "validator"}
    authority.attached.add("guard")
    assert authority.missing == {"validator"}
