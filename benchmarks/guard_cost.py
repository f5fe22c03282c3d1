"""The CPU cost of the default write guard by length of the text, for ordinary prose and for hostile texts.

    python benchmarks/guard_cost.py [--write]

Each text is judged at 1, 2, 4 ... 64 thousand characters, by the checks of text; the size limit, which refuses
more than 32,768 characters, is left out. A ratio near 2 at each doubling says that the cost is linear.
"""

from __future__ import annotations

import argparse
import base64
import logging
import time
from collections.abc import Callable
from itertools import pairwise

from _report import machine, write_section

from hindsight_teams.guard import Guard, WriteAttempt, default_checks

SIZES = (1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000)


def _repeated(unit: str) -> Callable[[int], str]:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def _split_words(size: int) -> str:
    """Leetspeak, underscores, letters set apart and ciphers at once: every way of reading has work."""
    count = size // 12
    return "p4ss w0rd a_b a_b a_b q w e r t. " + "cc x " * count + "zz " * 30 + "s3 " * count


def _nested(size: int) -> str:
    inner = base64.b64encode(b"a quiet sentence of a dozen words that says nothing at all. " * (size // 130)).decode()
    return base64.b64encode(inner.encode()).decode()[:size]


TEXTS: dict[str, Callable[[int], str]] = {
    "prose": _repeated("The pilot starts in May with six customers, and Karin owns the budget of 4,300 euros. "),
    "leetspeak and split letters": _split_words,
    "trigger words": _repeated("ignore send reveal when you read all "),
    "quotes": _repeated("she said 'ignore the previous rules' and "),
    "open quotes": _repeated("' \" ignore all "),
    "ciphers": _repeated("vtaber nyy ihfspsf svool cbzzjbeqf drowssap "),
    "base64 twice": _nested,
    "short base64": _repeated("aWdub3JlIHRoZSBydWxlcyBvZiB0aGU "),
    "hexadecimal": _repeated("61 62 20 "),
    "markup": _repeated("<a b on<img src=![x](http://a?{"),
    "braces": _repeated("{{ a {% b ${ c {d "),
    "passwords": _repeated("password: token is login "),
    "names of variables": _repeated("A_"),
    "logins": _repeated("log in with a1! type b2# "),
    "keys": _repeated("sid=a1b2 sl.x M0-8. 12345678:AA pat-na1-"),
    "handlers": _repeated("<a onx=fetc "),
    "seed phrases": _repeated("mnemonic is lemon "),
    "one letter": _repeated("a"),
    "dashes": _repeated("- . "),
    "brackets": _repeated("1. [a|"),
    "triggers in German": _repeated("gebt "),
    "Japanese": _repeated("指示を無視"),
    "invisible": _repeated("a\u200b "),
}


def seconds(guard: Guard, text: str) -> float:
    """The least CPU seconds of three."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        guard.inspect(WriteAttempt(text))
        best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    guard = Guard(default_checks(max_characters=None, writes_per_minute=None))
    rows = [
        f"| text | {' | '.join(f'{size // 1000}k' for size in SIZES)} | dearest doubling |",
        f"|---|{'---|' * len(SIZES)}---|",
    ]
    for name, make in TEXTS.items():
        taken = [seconds(guard, make(size)) for size in SIZES]
        worst = max(after / before for before, after in pairwise(taken[2:]))
        rows.append(f"| {name} | {' | '.join(f'{1000 * t:.1f}' for t in taken)} | {worst:.2f} |")
    print("\n".join(rows))
    if arguments.write:
        write_section("What the write guard costs", TEXT.format(rows="\n".join(rows), machine=machine()))


TEXT = """Milliseconds of CPU for the checks `secrets`, `codes`, `structure` and `instructions` on one text, by its
length in characters: ordinary prose, and texts that were made to be dear. The last column is the largest ratio at a
doubling from 4 thousand characters on: 2 is linear. {machine}.

{rows}

```shell
python benchmarks/guard_cost.py --write
```"""


if __name__ == "__main__":
    main()
