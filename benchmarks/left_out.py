"""What automatic retention leaves out: messages in many languages, sorted by the rules as they stand.

    python -m benchmarks.left_out

A message that tells something and is left out costs a fact; one that tells nothing and is kept costs a rank, and so
does one that is kept in doubt.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from hindsight_teams.agno.echoes import new_in, not_in
from hindsight_teams.agno.said import holds_no_fact, is_doubtful, off_the_record

MESSAGES = Path(__file__).with_name("_left_out.toml")


def main() -> None:
    cases = tomllib.loads(MESSAGES.read_text(encoding="utf-8"))
    for name in ("tells", "answers", "statements_after_prepositions", "questions_that_tell"):
        lost = [text for text in cases[name] if holds_no_fact(text)]
        print(f"{name}: {len(cases[name])} messages tell something; left out: {len(lost)} {lost}")
    for name in ("tells_nothing", "polite_answers", "questions_after_prepositions", "plain_questions"):
        kept = [text for text in cases[name] if not holds_no_fact(text)]
        print(f"{name}: {len(cases[name])} messages tell nothing; kept: {len(kept)} {kept}")
    for name in ("statements", "unmarked_questions", "small_talk", "facts_in_short"):
        doubted = sum(is_doubtful(text) for text in cases[name])
        left_out = sum(holds_no_fact(text) for text in cases[name])
        print(f"{name}: {len(cases[name])} messages; left out: {left_out}, kept in doubt: {doubted - left_out}")
    for name in ("not_to_be_kept", "denied_otherwise"):
        print(f"{name}: {len(cases[name])} messages; not kept: {sum(map(bool, map(off_the_record, cases[name])))}")
    for name in ("echoed", "not_echoed", "answered_again", "answered_otherwise"):
        kept = [answer for known, answer in cases[name] if new_in(answer, [known])]
        print(f"{name}: {len(cases[name])} answers; kept as new: {len(kept)}")
    for name in ("told_the_same", "told_otherwise", "told_nearly"):
        kept = [told for stored, told in cases[name] if not_in(told, [stored])]
        print(f"{name}: {len(cases[name])} messages beside what a tool stored; kept: {len(kept)}")


if __name__ == "__main__":
    main()
