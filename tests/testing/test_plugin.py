"""The fixtures that the package gives to pytest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hindsight_teams.errors import AccessDenied
from hindsight_teams.testing.plugin import MemoryClock, TeamMemoryFactory, TeamMemoryOptions

TEAM = """
[team]
id = "desk"
[banks]
shared = "team"
[members.writer]
shared = "writer-only"
[members.reader]
shared = "read-only"
"""


def test_a_team_file_is_enough_to_try_its_rights(team_memory: TeamMemoryFactory, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(TEAM)
    desk = team_memory(tmp_path / "team.toml")
    desk.member("writer").retain("Maple began in May.")
    assert [m.text for m in desk.member("reader").recall("Maple").results] == ["Maple began in May."]
    with pytest.raises(AccessDenied):
        desk.member("reader").retain("no")


def test_teams_of_one_test_share_its_file_and_nothing_else(team_memory: TeamMemoryFactory) -> None:
    parts: TeamMemoryOptions = {"banks": {"shared": "team"}, "members": {"a": {"shared": "full"}}}
    one, again, other = team_memory("one", **parts), team_memory("one", **parts), team_memory("other", **parts)
    one.member("a").retain("Maple began in May.")
    assert again.member("a").recall("Maple").results
    assert not other.member("a").recall("Maple").results


def test_each_test_begins_with_an_empty_file(team_memory: TeamMemoryFactory) -> None:
    desk = team_memory("one", banks={"shared": "team"}, members={"a": {"shared": "full"}})
    assert desk.backend.list_banks() == []


def test_a_memory_is_noted_at_the_time_that_the_clock_shows(
    team_memory: TeamMemoryFactory, memory_clock: MemoryClock
) -> None:
    desk = team_memory("desk", banks={"shared": "team"}, members={"a": {"shared": "full"}}).member("a")
    memory_clock.set(datetime(2031, 5, 3, 12, tzinfo=UTC))
    desk.retain("The first note.")
    memory_clock.advance(days=1, hours=2)
    desk.retain("The second note.")
    noted = {memory.text: memory.mentioned_at for memory in desk.recall("note").results}
    assert noted == {
        "The first note.": datetime(2031, 5, 3, 12, tzinfo=UTC),
        "The second note.": datetime(2031, 5, 4, 14, tzinfo=UTC),
    }


def test_a_time_without_a_zone_is_refused(memory_clock: MemoryClock) -> None:
    with pytest.raises(ValueError, match="time zone"):
        memory_clock.set(datetime(2031, 5, 3))
