"""How well dates of memories are read: ``python -m tests.backends.sqlite.text.reading`` prints the figures.

The sentences were written before the rules that read them, and split by parity: those with an even number were looked
at while the rules were written, the others were not.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from hindsight_teams.backends.sqlite.text.dates import happened

_FOLDER = Path(__file__).parent / "sentences"
_SAID = datetime(2026, 11, 25, 12, tzinfo=UTC)


def dated(*, held_out: bool) -> Iterator[tuple[str, str, list[str]]]:
    """Sentence, what is read from it, and the right answers."""
    yield from _answered(_lines("dated.tsv")[int(held_out) :: 2])


def more() -> Iterator[tuple[str, str, list[str]]]:
    """A second set, written after the rules, which were then mended where it showed them to be wrong."""
    yield from _answered(_lines("more.tsv"))


def invented(*, held_out: bool) -> tuple[list[str], int]:
    """The sentences without a date that are given one, and how many sentences there are."""
    rows = _lines("undated.txt")[int(held_out) :: 2]
    return [text for text in rows if read(text, _SAID) != "-"], len(rows)


def read(text: str, said: datetime) -> str:
    """The first and the last day on which a memory is said to have happened; ``-`` where it does not say."""
    found = happened(text, said)
    return f"{_day(found.start)}..{_day(found.end)}" if found else "-"


def _answered(rows: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    for said, text, answers in (line.split("\t") for line in rows):
        moment = datetime.fromisoformat(said.replace("Z", "+00:00"))
        yield text, read(text, moment), list(map(_days, answers.split("|")))


def _lines(name: str) -> list[str]:
    return [line for line in (_FOLDER / name).read_text().splitlines() if not line.startswith("#")]


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _days(answer: str) -> str:
    if answer == "-":
        return answer
    first, dots, last = answer.partition("..")
    return f"{_edge(first, end=False)}..{_edge(last if dots else first, end=True)}"


def _edge(date: str, *, end: bool) -> str:
    if not date:
        return ""
    year, month, day, *_ = [*map(int, date.split("-")), 0, 0]
    month = month or (12 if end else 1)
    return f"{year:04}-{month:02}-{day or (calendar.monthrange(year, month)[1] if end else 1):02}"


def main() -> None:
    """Print the figures of both halves, and what is wrong in the half that the rules were written on."""
    for held_out in (False, True):
        rows = list(dated(held_out=held_out))
        wrong = [(text, got, right) for text, got, right in rows if got not in right]
        untrue = sum(got != "-" for _, got, _ in wrong)
        bad, of = invented(held_out=held_out)
        half = "held out" if held_out else "tuned on"
        print(f"{half}: {len(rows) - len(wrong)} of {len(rows)} right, {untrue} given a wrong day;", end=" ")
        print(f"{len(bad)} of {of} sentences without a date given one")
        if not held_out:
            print(*(f"  {text} | {got} | {' or '.join(right)}" for text, got, right in wrong), *bad, sep="\n")


if __name__ == "__main__":
    main()
