from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hindsight_teams.errors import InvalidInput
from hindsight_teams.ingest.document import moment
from hindsight_teams.ingest.rows import csv_passages, line_passages, object_passages


def texts(csv: str, *, tabs: bool = False) -> list[str]:
    return [passage.text for passage in csv_passages(csv, tabs=tabs)]


@pytest.mark.parametrize("sign", [",", ";", "|", "\t"])
def test_each_row_names_its_columns(sign: str) -> None:
    rows = [("item", "count"), ("Pump", "3"), ("Valve", "")]
    assert texts("\n".join(sign.join(row) for row in rows)) == ["item: Pump; count: 3", "item: Valve"]


def test_a_sign_inside_quotes_divides_nothing() -> None:
    assert texts('"a;b;c",n\n"x, y",1') == ["a;b;c: x, y; n: 1"]


def test_a_line_break_inside_quotes_stays_in_its_cell() -> None:
    assert texts('note\n"one\ntwo"\n') == ["note: one\ntwo"]


def test_cells_beyond_the_names_and_empty_rows() -> None:
    assert texts("a,b\n1,2,3\n\n,,\n") == ["a: 1; b: 2; 3"]


def test_one_row_alone_is_told_as_it_is() -> None:
    assert texts("one,two\n") == ["one; two"]


def test_a_huge_cell_is_read() -> None:
    [text] = texts("a\n" + "x" * 400_000)
    assert len(text) == 400_003


def test_an_object_says_who_said_it_and_when() -> None:
    [passage] = line_passages('{"text": "Hello.", "author": "ada", "timestamp": "2027-05-03T10:00:00+02:00"}')
    assert (passage.text, passage.speaker) == ("Hello.", "ada")
    assert passage.at == datetime(2027, 5, 3, 8, tzinfo=UTC)


def test_no_field_of_an_object_is_lost() -> None:
    [passage] = line_passages('{"content": "Hello.", "date": "some day", "room": 7, "title": "Greetings"}')
    assert (passage.text, passage.heading, passage.at) == ("Hello.; date: some day; room: 7", "Greetings", None)
    [passage] = object_passages([{"a": 1, "b": {"c": [2]}}])
    assert passage.text == 'a: 1; b: {"c": [2]}'


def test_a_text_of_blanks_is_no_field() -> None:
    assert [passage.text for passage in object_passages([{"text": "  ", "aisle": 3}])] == ["aisle: 3"]


def test_lines_may_be_plain_texts() -> None:
    assert [passage.text for passage in line_passages('"one"\n\n"two"\n')] == ["one", "two"]


def test_a_line_that_is_no_json_is_named() -> None:
    with pytest.raises(InvalidInput, match="line 2"):
        list(line_passages('{"a": 1}\n{"a": \n'))


@pytest.mark.parametrize(
    "value", [1714550400, 1714550400.0, "1714550400.000000", "2024-05-01T08:00:00Z", "2024-05-01T08:00"]
)
def test_times_are_read_as_exports_write_them(value: object) -> None:
    assert moment(value) == datetime(2024, 5, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "", "soon", True, float("nan"), 1e300, [], {}])
def test_what_is_no_time_is_none(value: object) -> None:
    assert moment(value) is None
