"""How often words stand in the contents of several memories, counted in all of them at once."""

import pytest

from hindsight_teams.backends.sqlite.search.counting import Contents

CONTENTS = [" tea tea cake | ", " | tea ", " tear / teas tea tea tea | "]


@pytest.mark.parametrize(
    ("wanted", "counts"),
    [
        ([" tea "], {0: 2, 1: 1, 2: 3}),
        ([" tea cake "], {0: 1}),
        ([" cake "], {0: 1}),
        ([" tea"], {0: 2, 1: 1, 2: 5}),
        ([" tear ", " teas "], {2: 2}),
        ([" / "], {2: 1}),
        ([" zebra "], {}),
        ([], {}),
    ],
)
def test_what_stands_between_spaces_is_counted_in_each_content(wanted: list[str], counts: dict[int, int]) -> None:
    assert Contents(CONTENTS).count(*wanted) == counts


def test_no_content_holds_nothing() -> None:
    assert Contents([]).count(" tea ") == {}


def test_an_empty_content_keeps_its_place() -> None:
    assert Contents(["", " tea | "]).count(" tea ") == {1: 1}
