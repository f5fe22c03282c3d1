"""Stems: one index term for all forms of a word, where the script or the text's language has a stemmer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Final

from hindsight_teams.backends.sqlite.text.irregular import BASE

MAX_TERM = 64
"""Characters of a term that count; the rest of a longer one (a URL, a hash) is cut."""

ENGLISH: Final = "english"
OTHER: Final = "other"
"""A language whose irregular forms are not English ones; its words are stemmed as English ones are, for want of better:
on German and Spanish questions that ranks better than no stems."""

# Function words that tell a language from English; none of them is a frequent English word.
_FOREIGN = frozenset(
    """der die das und ist nicht ein eine einen einem mit fur auf im den dem von zu sich auch wird wurde sind haben hat
    el la los las un una que es en y por con para del se lo al su como mas fue son esta
    le les des du et est une dans pour sur pas qui avec ce sont au aux nous vous
    il gli di che e per non sono della del nel alla piu
    o os as da dos das em um uma nao com foi
    het een van niet op te dat met voor zijn
    och att det som en pa av inte ar jag men har til og ikke er jeg
    w na nie sie jest z do ze""".split()
)
_ENGLISH = frozenset(
    """the is are was were of and to in for with that this it he she they we you have has had be been on at by from as
    not but or an a i my our his her their will would can could what who which when where how did does do""".split()
)


def language(words: Iterable[str]) -> str:
    """``ENGLISH``, also for a text too short to tell, or ``OTHER``: by the function words in it, folded."""
    held = frozenset(words)
    return OTHER if len(_FOREIGN & held) > len(_ENGLISH & held) else ENGLISH


@cache
def _stemmer(algorithm: str) -> Callable[[str], str]:
    import Stemmer

    stem: Callable[[str], str] = Stemmer.Stemmer(algorithm, 0).stemWord  # no cache of its own: ``term`` has one
    return stem


@lru_cache(maxsize=1 << 17)
def term(word: str, spoken: str = ENGLISH) -> str:
    """The index term of a folded word.

    Args:
        word: As ``terms.words`` gives it.
        spoken: The language of its text, as far as the script does not tell it.
    """
    word = word[:MAX_TERM]
    first = word[0]
    if first <= "\u024f":
        if first <= "9":
            return word
        return _stemmer("english")(BASE.get(word, word) if spoken == ENGLISH else word)
    if "\u0400" <= first <= "\u04ff":
        return _stemmer("russian")(word)
    if "\u0370" <= first <= "\u03ff":
        return _stemmer("greek")(word)
    if "\u0600" <= first <= "\u06ff":
        return _stemmer("arabic")(word)
    return word
