"""The weights of the ranking.

The score of a memory is a sum of signals, each divided by its largest value among the candidates. The numbers come from
a study of thirteen retrieval sets and five LoCoMo conversations, of which every query was seen in the end;
docs/engine.md has what they reach, and docs/benchmarks.md how to repeat it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hindsight_teams.models import Budget

WORDS = 1.0
"""Query terms in the memory or near it; the yardstick of the others."""

NEAR = ((1, 0.7), (-1, 0.5), (2, 0.4), (-2, 0.2), (3, 0.2))
"""What a term counts that stands some memories before (1) or after (-1) in the same document, not in the memory itself.

A reply rarely repeats the words of its question.
"""

AUTHOR = 0.4
"""The query names the memory's author. A share of what the content signals can reach together: more
evidence about the content needs more weight on the author to be balanced by it."""

AUTHOR_TERMS = 3
"""Terms of a query up to which ``AUTHOR`` counts whole; beyond, in inverse proportion: the more a question says, the
better its words tell. In a meeting of seven, each has said a hundred things."""

MENTION = 0.4
"""Share of ``AUTHOR`` for a memory that mentions the author's name but is someone else's."""

SPREAD_FROM = 0.4
"""What a memory's words reach at least, as a share of the best, for its neighbours to be looked up."""

DOCUMENT = 0.1
"""Query terms anywhere in the memory's document."""

TIME = 0.6
"""The memory's time lies in a span that the query names; a share, as with ``AUTHOR``."""

TIME_REACH_DAYS = 7
"""Outside such a span the signal falls to nothing over these days."""

MEANING = 1.1
"""Similarity of vectors beyond what an unrelated text gets, where there is an embedder."""

UNRELATED_FROM = 10
"""Added to the number of memories that were compared, where their mean tells what an unrelated text gets: a few tell
little."""

MEANING_FLOOR = 0.2
"""Least cosine similarity for a memory that nothing but its vector speaks for."""

STREAM_PAUSE = 20
"""A pause of so many steps ends a stream's run: a step is the distance to the nearer neighbour."""

TALK_PAUSE = 3 * 3_600_000_000
"""Microseconds between lines of a talk in which nobody asks; beyond it they are the notes of a diary."""

LENGTH = 0.75
LENGTH_FLOOR = 30
"""How much length counts (BM25's b), and terms added to every length: among lines of ten words it hardly matters."""

SATURATION = 0.5
SATURATION_BY_LENGTH = 0.008
SATURATION_LONGEST = 120
"""BM25's k1: so much, and so much more for each term of the candidates' mean length, up to this length."""

HEADING = 1.0
"""What the query's terms in a heading add, times their share of it: a text is about what its heading names."""

PAIR = 0.3
"""What two neighbouring terms of the query add where they stand side by side, in units of their mean weight."""

OTHER_FORM = 0.3
OTHER_FORM_ALONE = 0.5
"""What another form of a term counts: where a memory lacks the term, and where the whole bank does."""

FORM_SHARE = 0.6
FORM_LEAST = 5
"""Other forms share this much of the beginning, and at least so many letters."""

ONE_EDIT = 0.8
SURELY_MISSPELT = 6
"""What a term of the bank counts that differs by one edit from a word which the bank lacks; a word of fewer letters is
often another one, and counts no more than the least of the words that the bank holds."""

HINTS = 0.15
HINTS_LENGTH = (15, 100)
HINT_MEMORIES = 8
HINT_TERMS = 15
HINTS_TRIED = 40
HINT_SAMPLE = 60
HINTED = 80
"""Feedback: what the terms that the best memories share weigh beside the query, from which mean length of the
candidates on they count at all and whole (short lines share words by chance), how many memories tell them, how many
terms they are, out of how many, in how large a sample they are counted, and how many memories they score."""

LINK = 2.0
LINK_FROM = 3
"""What the terms of a heading count, if one of so many best memories mentions them."""

ARRIVAL = 1.2
ARRIVAL_RATIO = (1.2, 1.6)
ARRIVAL_LONGEST = 30
"""Neighbours in the order of arrival: what they count in a coherent bank, from which to which ratio it becomes
coherent, and the mean terms beyond which it never is: files of long texts are often sorted, which no user would see."""

TIME_RARITY = 2.5
"""Bound of the time signal in units of the span's inverse document frequency: what most memories share tells little."""

BARE_YEAR = 0.3
"""Share of ``TIME`` for a bare year, which stands among the words already."""

FEWEST = 50
"""A bank counts as one of at least so many memories: what a small one has in each memory, or lacks, says little."""

LACKING_AMONG = 2_000
"""A word that the bank lacks weighs in the confidence as the rarest one of so many memories: a small bank can't tell
how rare a word is that it has never held."""

UNHELD = 0.6
"""How much of the way to such a word's weight one goes that the bank holds, but not the memory: what it tells of others
in this word is not told of this one."""

SORT = 0.5
"""What a word that the bank lacks weighs less where it says what sort of thing is asked for ("which language", "how
strong"): an answer may do without."""

QUESTION_WORTH = 4
"""Words that the bank lacks: what a question weighs at most in the confidence. Nothing covers most of a long one."""

CONFIDENCE_FROM = 3
"""Lines of which the best covered one makes the confidence."""

EQUALLY_GOOD = 0.9
"""Of the best score: which of such lines stands first is told by what kind of answer it holds."""

OUTSTANDING = (0.35, 0.75)
"""How far the best similarity stands out of the mean, as a share of what is left to 1: nothing, and all."""

FIRST = 10
FIRST_FLOOR = 0.2
"""The first lines are returned unless they have less than this share of the best score."""

FEW = 2
FEW_BELOW = 0.22
THIN = 2
"""How many lines are returned where little is known and the best line holds at most so many of the question's terms,
and where the confidence is below this. One that holds more may answer a part of a long question."""

UNSURE_BELOW = 0.7
UNSURE_FLOOR = 0.6
"""Where the best line holds at most so many terms and the confidence is below this, the first lines need so large a
share of the best score: one word of a question in two is found in many lines that do not answer it."""

UPDATES_AMONG = 30
UPDATE_LONGEST = 25
UPDATE_SHARE = 0.6
UPDATE_ALIKE = 0.5
CHANGE_OF_SUBJECT = 0.4
CHANGE_OF_OBJECT = 0.25
CHANGED_LONGEST = 8
CHANGES_TRIED = 5
"""Newer before older: among how many lines, of how many terms, from which share of the older one's score, with which
share of their terms in common; less in common where the newer one tells a change of the subject, or of the object."""


_ALWAYS_SCORED = 100
_SCORED_WHOLE = 8
"""Memories that are scored however many terms a query has, and the terms up to which all that a budget allows are."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How much work a budget allows.

    Attributes:
        rows: Rows of the full-text index read for finding.
        candidates: Memories scored by all signals.
        spread: Best candidates whose neighbours are looked up.
        scan: Largest bank whose vectors are all compared; in a larger one only the candidates' are.
        results: Memories returned at most, before ``max_tokens`` cuts.
        floor: Share of the best score that a memory beyond the first ``FIRST`` needs to be returned.
    """

    rows: int
    candidates: int
    spread: int
    scan: int
    results: int
    floor: float

    def scored(self, terms: int) -> int:
        """How many memories that the words of a query found are scored: each term is counted in each of them."""
        return min(self.candidates, max(_ALWAYS_SCORED, self.candidates * _SCORED_WHOLE // max(1, terms)))


DEPTHS: dict[Budget, Depth] = {
    "low": Depth(rows=1_000, candidates=100, spread=15, scan=0, results=20, floor=0.46),
    "mid": Depth(rows=5_000, candidates=100, spread=15, scan=4_000, results=30, floor=0.46),
    "high": Depth(rows=25_000, candidates=1_000, spread=300, scan=50_000, results=100, floor=0.2),
}
