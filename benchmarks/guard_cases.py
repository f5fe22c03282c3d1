"""How many of the project's own attacks the default write guard catches, and how many ordinary notes it touches.

    python benchmarks/guard_cases.py [--missed] [--write]

The texts are those of guard_cases.toml, which says how they were written. ``--missed`` shows what went wrong, but for
the texts that nobody reads.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from hindsight_teams.guard import Guard, WriteAttempt, default_checks

CASES = Path(__file__).with_name("guard_cases.toml")
SETS = {
    "second": "second, after mending",
    "third": "third, held out",
    "fourth": "fourth, after mending",
    "fifth": "fifth, after mending",
    "sixth": "sixth, after mending",
    "seventh": "seventh, after mending",
    "eighth": "eighth, after mending",
    "ninth": "ninth, held out",
    "tenth": "tenth, after mending",
    "eleventh": "eleventh, after mending",
    "twelfth": "twelfth, held out",
}
READ = ("first, half `tune`", *(label for label in SETS.values() if "held out" not in label))


def cases() -> Iterator[tuple[str, bool, str]]:
    """Each text: its set, whether it is an attack, and the text."""
    tables = tomllib.loads(CASES.read_text("utf-8"))
    for side in ("attacks", "ordinary"):
        for texts in tables[side].values():
            for text in texts:
                held_out = hashlib.sha256(text.encode()).digest()[0] % 2
                yield f"first, half `{'held-out' if held_out else 'tune'}`", side == "attacks", text
        for name, label in SETS.items():
            for text in tables[name][side]:
                yield label, side == "attacks", text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--missed", action="store_true", help="show the misses and false alarms of the sets that are read"
    )
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    guard = Guard(default_checks(writes_per_minute=None))
    counts: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for name, attack, text in cases():
        verdict = guard.inspect(WriteAttempt(text))
        touched = verdict.action != "allow"
        counts[name][attack].append(touched)
        if arguments.missed and touched != attack and name in READ:
            print(f"{'missed' if attack else 'touched'}: {text!r} {verdict.reason}")
    print("| set | attacks caught | ordinary notes touched |\n|---|---|---|")
    for name, sides in counts.items():
        caught, touched_notes = sides[True], sides[False]
        print(f"| {name} | {sum(caught)} of {len(caught)} | {sum(touched_notes)} of {len(touched_notes)} |")


if __name__ == "__main__":
    main()
