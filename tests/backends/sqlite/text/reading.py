"""How well dates of memories are read: ``python -m tests.backends.sqlite.text.reading`` prints the figures.

The sentences were written before the rules that read them, and split by parity: those with an even number were looked
at while the rules were written, the others were not.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hindsight_teams.backends.sqlite.text.dates import find_spans, happened

_FOLDER = Path(__file__).parent / "sentences"
_SAID = datetime(2026, 11, 25, 12, tzinfo=UTC)


def dated(*, held_out: bool) -> Iterator[tuple[str, str, list[str]]]:
    """Sentence, what is read from it, and the right answers."""
    yield from _answered(_lines("dated.tsv")[int(held_out) :: 2])


def more() -> Iterator[tuple[str, str, list[str]]]:
    """A second set, written after the rules, which were then mended where it showed them to be wrong."""
    yield from _answered(_lines("more.tsv"))


def attacked() -> Iterator[tuple[str, str, list[str]]]:
    """A third set, by somebody who had not written the rules, which were then mended."""
    yield from _answered(_lines("attacked.tsv"))


def asked() -> Iterator[tuple[str, str, list[str]]]:
    """Question, the span that is read from it, and the right answers: from the same hand."""
    yield from _asked(_lines("asked.tsv"))


def more_asked() -> Iterator[tuple[str, str, list[str]]]:
    """Questions that were written to find what the rules lack."""
    yield from _asked(_lines("more_asked.tsv"))


def unseen() -> Iterator[tuple[str, str, list[str]]]:
    """A fourth set, of which nobody has looked at single sentences."""
    yield from _answered(_lines("unseen.tsv"))


def unseen_asked() -> Iterator[tuple[str, str, list[str]]]:
    """Questions of which nobody has looked at single ones."""
    yield from _asked(_lines("unseen_asked.tsv"))


def kinds(*, held_out: bool) -> Iterator[tuple[str, str, list[str]]]:
    """A fifth set, of the kinds that the others lack, by somebody who had not written the rules."""
    yield from _answered(_lines("kinds.tsv")[int(held_out) :: 2])


def fresh() -> Iterator[tuple[str, str, list[str]]]:
    """A sixth set, written after the last change of the rules and read once."""
    yield from _answered(_lines("fresh.tsv"))


def seventh(*, held_out: bool) -> Iterator[tuple[str, str, list[str]]]:
    """A seventh set, in 16 languages, written before its author had read the rules."""
    yield from _answered(_lines("seventh.tsv")[int(held_out) :: 2])


def seventh_asked(*, held_out: bool) -> Iterator[tuple[str, str, list[str]]]:
    """Questions from the same hand."""
    yield from _asked(_lines("seventh_asked.tsv")[int(held_out) :: 2])


def later() -> Iterator[tuple[str, str, list[str]]]:
    """An eighth and a ninth set, each written after the rules had been mended by the one before, and read once."""
    yield from _answered([*_lines("eighth.tsv"), *_lines("ninth.tsv")])


def later_asked() -> Iterator[tuple[str, str, list[str]]]:
    """Questions from the same hand."""
    yield from _asked([*_lines("eighth_asked.tsv"), *_lines("ninth_asked.tsv")])


def numbered(name: str) -> Iterator[tuple[str, str, list[str]]]:
    """A set by its number in words: the tenth and eleventh are halves of one, as are the thirteenth and fourteenth."""
    yield from _answered(_lines(f"{name}.tsv"))


def numbered_asked(name: str) -> Iterator[tuple[str, str, list[str]]]:
    """The questions that belong to it."""
    yield from _asked(_lines(f"{name}_asked.tsv"))


def kinds_asked(*, held_out: bool) -> Iterator[tuple[str, str, list[str]]]:
    """Questions from the same hand."""
    yield from _asked(_lines("kinds_asked.tsv")[int(held_out) :: 2])


def invented(*, held_out: bool) -> tuple[list[str], int]:
    """The sentences without a date that are given one, and how many sentences there are."""
    rows = _lines("undated.txt")[int(held_out) :: 2]
    return [text for text in rows if read(text, _SAID) != "-"], len(rows)


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


def _asked(rows: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    for said, text, answers in _rows(rows):
        yield text, named(text, said), answers


def _answered(rows: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    for said, text, answers in _rows(rows):
        yield text, read(text, said), answers


def _rows(lines: Iterable[str]) -> Iterator[tuple[datetime, str, list[str]]]:
    for said, text, answers in (line.split("\t") for line in lines):
        yield datetime.fromisoformat(said.replace("Z", "+00:00")), text, list(map(_days, answers.split("|")))


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


def main() -> None:
    """Print the figures of each set, and what is wrong in those that the rules were written or mended on."""
    for name, rows, looked_at in (
        ("first set, looked at", dated(held_out=False), True),
        ("first set, held out", dated(held_out=True), False),
        ("third set, looked at", attacked(), True),
        ("third set, its questions", asked(), True),
        ("fifth set, looked at", kinds(held_out=False), True),
        ("fifth set, held out", kinds(held_out=True), False),
        ("fifth set, its questions, looked at", kinds_asked(held_out=False), True),
        ("fifth set, its questions, held out", kinds_asked(held_out=True), False),
        ("sixth set, read once", fresh(), False),
        ("seventh set, looked at", seventh(held_out=False), True),
        ("seventh set, held out at first", seventh(held_out=True), False),
        ("seventh set, its questions, looked at", seventh_asked(held_out=False), True),
        ("seventh set, its questions, held out at first", seventh_asked(held_out=True), False),
        ("eighth and ninth set, then mended by", later(), True),
        ("eighth and ninth set, their questions, then mended by", later_asked(), True),
        ("tenth set, looked at", numbered("tenth"), True),
        ("tenth set, its questions, looked at", numbered_asked("tenth"), True),
        ("eleventh set, its other half, then mended by", numbered("eleventh"), True),
        ("eleventh set, its questions, then mended by", numbered_asked("eleventh"), True),
        ("twelfth set, read once, then mended by", numbered("twelfth"), True),
        ("thirteenth set, looked at", numbered("thirteenth"), True),
        ("thirteenth set, its questions, looked at", numbered_asked("thirteenth"), True),
        ("fourteenth set, its other half", numbered("fourteenth"), True),
        ("fourteenth set, its questions", numbered_asked("fourteenth"), True),
        ("unseen set", unseen(), False),
        ("unseen set, its questions", unseen_asked(), False),
    ):
        results = list(rows)
        wrong = [(text, got, right) for text, got, right in results if got not in right]
        untrue = sum(got != "-" for _, got, _ in wrong)
        print(f"{name}: {len(results) - len(wrong)} of {len(results)} right, {untrue} given a wrong day")
        if looked_at:
            print(*(f"  {text} | {got} | {' or '.join(right)}\n" for text, got, right in wrong), sep="", end="")
    for held_out in (False, True):
        bad, of = invented(held_out=held_out)
        print(f"no date, {'held out' if held_out else 'looked at'}: {len(bad)} of {of} given one")


if __name__ == "__main__":
    main()
