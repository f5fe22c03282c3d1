"""The names that ``new`` takes for a project, and those that it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindsight_teams.cli.scaffold.answers import parse_name
from hindsight_teams.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "distribution", "module"),
    [
        ("desk", "desk", "desk"),
        ("My-Team", "my-team", "my_team"),
        ("my_team.two", "my-team-two", "my_team_two"),
        ("desk/", "desk", "desk"),
        ("some/where/desk", "desk", "desk"),
    ],
)
def test_a_name_gives_a_distribution_and_a_module(given: str, distribution: str, module: str) -> None:
    name = parse_name(given)
    assert (name.distribution, name.module) == (distribution, module)
    assert name.folder == Path(given)


@pytest.mark.parametrize(
    "given",
    [
        "",
        ".",
        "..",
        "/",
        "1desk",
        "my team",
        "desk!",
        "-desk",
        "desk-",
        "a--b",
        "naïve",
        "x" * 65,
        "a;b",
        "~no-such-user/desk",
    ],
)
def test_what_is_no_package_name_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        parse_name(given)


@pytest.mark.parametrize("given", ["class", "json", "agno", "hindsight-teams", "tests", "con", "AGNO"])
def test_a_name_that_means_something_else_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="-team"):
        parse_name(given)


@pytest.mark.parametrize(("given", "offered"), [("My Team!", "my-team"), ("Café Zürich", "cafe-zurich")])
def test_a_refusal_offers_a_name_that_works(given: str, offered: str) -> None:
    with pytest.raises(InvalidInput, match=f"try '{offered}'"):
        parse_name(given)
