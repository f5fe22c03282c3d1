"""How well dates of memories are read: ``python -m tests.backends.sqlite.text.reading`` prints the figures.

The sentences were written before the rules that read them, and split by parity: those with an even number were looked
at while the rules were written, the others were not.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hindsight_teams.backends.sqlite.text.dates import find_spans, happened

_FOLDER = Path(__file__).parent / "sentences"
_SAID = datetime(2026, 11, 25, 12, tzinfo=UTC)


def rows(name: str, *, half: int | None = None) -> Iterator[tuple[str, str, list[str]]]:
    """The sentences or questions of a file, what is read from each, and the right answers.

    Args:
        name: The file, without its ending; ``..._asked`` holds questions.
        half: 0 for those that were looked at while the rules were written, 1 for the others, None for all.
    """
    kept = _lines(f"{name}.tsv")[slice(half, None, 1 if half is None else 2)]
    for said, text, answers in (line.split("\t") for line in kept):
        moment = datetime.fromisoformat(said.replace("Z", "+00:00"))
        found = named(text, moment) if name.endswith("asked") else read(text, moment)
        yield text, found, list(map(_days, answers.split("|")))


def invented(*, held_out: bool) -> tuple[list[str], int]:
    """The sentences without a date that are given one, and how many sentences there are."""
    texts = _lines("undated.txt")[int(held_out) :: 2]
    return [text for text in texts if read(text, _SAID) != "-"], len(texts)


def read(text: str, said: datetime) -> str:
    """The first and the last day on which a memory is said to have happened; ``-`` where it does not say."""
    found = happened(text, said)
    return f"{_day(found.start)}..{_day(found.end)}" if found else "-"


def named(question: str, asked_at: datetime) -> str:
    """The spans that a question names, as ``read`` writes them; ``-`` where it names none."""
    spans = find_spans(question, asked_at)
    return (
        " and ".join(
            f"{_day(None if span.open == 'start' else span.start)}"
            f"..{_day(None if span.open == 'end' else span.end - timedelta(microseconds=1))}"
            for span in spans
        )
        or "-"
    )


def _lines(name: str) -> list[str]:
    return [line for line in (_FOLDER / name).read_text().splitlines() if not line.startswith("#")]


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _days(answer: str) -> str:
    if answer == "-":
        return answer
    if " and " in answer:
        return " and ".join(map(_days, answer.split(" and ")))
    first, dots, last = answer.partition("..")
    return f"{_edge(first, end=False)}..{_edge(last if dots else first, end=True)}"


def _edge(date: str, *, end: bool) -> str:
    if not date:
        return ""
    year, month, day, *_ = [*map(int, date.split("-")), 0, 0]
    month = month or (12 if end else 1)
    return f"{year:04}-{month:02}-{day or (calendar.monthrange(year, month)[1] if end else 1):02}"


_SETS: tuple[tuple[str, str, int | None, bool], ...] = (
    ("first set, looked at", "dated", 0, True),
    ("first set, held out", "dated", 1, False),
    ("third set, looked at", "attacked", None, True),
    ("third set, its questions", "asked", None, True),
    ("fifth set, looked at", "kinds", 0, True),
    ("fifth set, held out", "kinds", 1, False),
    ("fifth set, its questions, looked at", "kinds_asked", 0, True),
    ("fifth set, its questions, held out", "kinds_asked", 1, False),
    ("sixth set, read once", "fresh", None, False),
    ("seventh set, looked at", "seventh", 0, True),
    ("seventh set, held out at first", "seventh", 1, False),
    ("seventh set, its questions, looked at", "seventh_asked", 0, True),
    ("seventh set, its questions, held out at first", "seventh_asked", 1, False),
    ("eighth set, then mended by", "eighth", None, True),
    ("eighth set, its questions, then mended by", "eighth_asked", None, True),
    ("ninth set, then mended by", "ninth", None, True),
    ("ninth set, its questions, then mended by", "ninth_asked", None, True),
    ("tenth set, looked at", "tenth", None, True),
    ("tenth set, its questions, looked at", "tenth_asked", None, True),
    ("eleventh set, the other half of the tenth, then mended by", "eleventh", None, True),
    ("eleventh set, its questions, then mended by", "eleventh_asked", None, True),
    ("twelfth set, read once, then mended by", "twelfth", None, True),
    ("thirteenth set, looked at", "thirteenth", None, True),
    ("thirteenth set, its questions, looked at", "thirteenth_asked", None, True),
    ("fourteenth set, the other half of the thirteenth", "fourteenth", None, True),
    ("fourteenth set, its questions", "fourteenth_asked", None, True),
    ("unseen set, of which nobody has looked at single sentences", "unseen", None, False),
    ("unseen set, its questions", "unseen_asked", None, False),
)
"""What a set is, its file, which half of it, and whether single sentences of it were looked at."""


def main() -> None:
    """Print the figures of each set, and what is wrong in those that the rules were written or mended on."""
    for title, name, half, looked_at in _SETS:
        results = list(rows(name, half=half))
        wrong = [(text, got, right) for text, got, right in results if got not in right]
        untrue = sum(got != "-" for _, got, _ in wrong)
        print(f"{title}: {len(results) - len(wrong)} of {len(results)} right, {untrue} given a wrong day")
        if looked_at:
            print(*(f"  {text} | {got} | {' or '.join(right)}\n" for text, got, right in wrong), sep="", end="")
    for held_out in (False, True):
        bad, of = invented(held_out=held_out)
        print(f"no date, {'held out' if held_out else 'looked at'}: {len(bad)} of {of} given one")


if __name__ == "__main__":
    main()
