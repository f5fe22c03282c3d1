"""What automatic retention leaves out: messages in many languages, sorted by the rules as they stand.

    python -m benchmarks.left_out

A message that tells something and is left out costs a fact; one that tells nothing and is kept costs a rank.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from hindsight_teams.agno.said import holds_no_fact

MESSAGES = Path(__file__).with_name("_left_out.toml")


def main() -> None:
    cases = tomllib.loads(MESSAGES.read_text(encoding="utf-8"))
    lost = [text for text in cases["tells"] if holds_no_fact(text)]
    kept = [text for text in cases["tells_nothing"] if not holds_no_fact(text)]
    print(f"{len(cases['tells'])} messages tell something; left out: {len(lost)} {lost}")
    print(f"{len(cases['tells_nothing'])} messages tell nothing; kept: {len(kept)} {kept}")


if __name__ == "__main__":
    main()
