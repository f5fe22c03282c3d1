"""Made-up memories in any number: sentences over a vocabulary whose frequencies follow Zipf's law."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from functools import cache

VOCABULARY = 60_000
_ONSETS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w y z".split()
)
_VOWELS = "a e i o u ai ea ee io oa oo ou".split()
_CODAS = ["", "l", "m", "n", "r", "s", "t", "ck", "nd", "ng", "nt", "rd", "st", "x"]
AUTHORS = ["Ada", "Bo", "Chen", "Dilan", "Esra", "Femi", "Gita", "Hugo", "Ines", "Jonas", "Kofi", "Lena"]


@cache
def vocabulary(size: int = VOCABULARY) -> list[str]:
    """Pronounceable words, the most frequent first; always the same ones."""
    source = random.Random(1)
    seen: dict[str, None] = {}
    while len(seen) < size:
        syllables = source.choice((1, 2, 2, 3))
        word = "".join(
            source.choice(_ONSETS) + source.choice(_VOWELS) + source.choice(_CODAS) for _ in range(syllables)
        )
        seen.setdefault(word)
    return list(seen)


def sentences(count: int, *, seed: int) -> Iterator[tuple[str, str]]:
    """Authors and what they say: sentences of 8 to 24 words."""
    source = random.Random(seed)
    words = vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(words))))
    for _ in range(count):
        chosen = source.choices(words, cum_weights=weights, k=source.randint(8, 24))
        yield source.choice(AUTHORS), f"{chosen[0].capitalize()} {' '.join(chosen[1:])}."
