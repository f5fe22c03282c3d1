"""Whether undated memories that arrived one after the other belong together, as the turns of a meeting do.

A sample is compared with what arrived next and with others at random: where the next one shares clearly more with it,
the order of arrival is an order of a conversation. Long texts are left alone, since files of them are often sorted.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter

from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.backends.sqlite.search.words import Shares
from hindsight_teams.backends.sqlite.store.reading import bounds
from hindsight_teams.backends.sqlite.store.streams import ARRIVAL

_SAMPLE = 150
_LEAST = 20
_NAME = "arrival"


def arrival(db: sqlite3.Connection, bank: int, size: int, known: Shares) -> float:
    """How much the neighbours in the order of arrival count, from 0 to ``weights.ARRIVAL``."""
    if size < _LEAST:
        return 0.0
    value = known.recall(bank, _NAME, size)
    return known.keep(bank, _NAME, size, _measured(db, bank)) if value is None else value


def _measured(db: sqlite3.Connection, bank: int) -> float:
    low, _ = bounds(bank)
    (last,) = db.execute("SELECT last FROM bank WHERE no = ?", (bank,)).fetchone()
    starts = sorted({low + 1 + last * i // _SAMPLE for i in range(_SAMPLE)})
    sql = "SELECT no FROM memory WHERE no >= ? AND no < ? AND stream = ? ORDER BY no LIMIT 2"
    pairs = []
    for start in starts:
        found = [no for (no,) in db.execute(sql, (start, start + 50, ARRIVAL))]
        if len(found) == 2:
            pairs.append((found[0], found[1]))
    if len(pairs) < _LEAST // 2:
        return 0.0
    numbers = sorted({no for pair in pairs for no in pair})
    rows = db.execute(
        "SELECT id, c0 FROM words_content WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(numbers),)
    )
    held = {no: frozenset(content.partition("|")[0].split()) for no, content in rows}
    if sum(map(len, held.values())) > weights.ARRIVAL_LONGEST * len(held):
        return 0.0
    spread = Counter(t for terms in held.values() for t in terms)
    idf = {t: math.log(1 + (len(held) - n + 0.5) / (n + 0.5)) for t, n in spread.items()}
    half = len(pairs) // 2
    others = [pair[1] for pair in pairs[half:] + pairs[:half]]  # each half a bank away
    following = sum(idf[t] for a, b in pairs for t in held[a] & held[b])
    elsewhere = sum(idf[t] for (a, _), b in zip(pairs, others, strict=True) for t in held[a] & held[b])
    low_ratio, high_ratio = weights.ARRIVAL_RATIO
    more = following - low_ratio * elsewhere
    most = (high_ratio - low_ratio) * elsewhere
    return 0.0 if more <= 0 else weights.ARRIVAL * (min(1.0, more / most) if most else 1.0)
