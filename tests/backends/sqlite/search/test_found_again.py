"""Whatever was stored is found by its own words, at any budget, among 5,000 others."""

import random
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.models import Budget, RetainItem

HARD = (
    "Use a && b || !c when x >= 3.5 -> y",
    "¿Sí? ¡No! — «quizás»…",
    "A ≠ B ⇒ ¬(A ∧ B)",
    "Ticket PLAT-48213 blocks release R2.14",
    "order 7f3a9c1e-44b2-4d0f-9a51-0c2f6e8b77aa was shipped",
    "IBAN DE89 3704 0044 0532 0130 00 belongs to Mirko",
    "https://docs.zorbix.example/v3/api/quota?limit=50&sort=desc#errors",
    "mail the invoice to accounts+late@fennimore-tools.test",
    "C:\\Users\\petra\\AppData\\Roaming\\vexor.ini",
    "~/.config/halyard/keys.toml",
    "Upgrade to kraken 2.10.3-rc1+build.7",
    "v1.2.10 not v1.21.0",
    "numpy>=1.26,<2.0 pinned",
    "\U0001f389\U0001f382 for Quentin",
    "I ❤️ sauerkraut",
    "def frobnicate(x: int) -> list[str]: ...",
    "SELECT zid, SUM(qty) FROM grobl GROUP BY zid;",
    "Das Meeting mit 田中さん ist am Freitag",
    "Встреча с Müller в café Zürich",
    "no",
    "42",
    "RTFM",
    "DO NOT UNPLUG THE BLUE RACK",
    "THE WHO WILL PLAY",
    "Die Donaudampfschifffahrtsgesellschaft hat Feierabend",
    "กรุณาปิดแอร์ก่อนกลับบ้าน",
    "请在离开前关闭实验室的离心机",
    "冷蔵庫の牛乳は賞味期限切れです",
    "Budget 1,250,000.50 USD",
    "phone +49 (0)30 901820-77",
    "ＡＢＣ商事の請求書１２３番",
    "ﬁnal waﬄes ﬂown",
    "Cafe\u0301 Ange\u0301lique opens at nine",
    "Nguyễn Thị Hạnh moved to Đà Nẵng",
    "state-of-the-art know-how transfer",
    "Jean-Luc's mother-in-law",
    "#ProjectHeron #q3-goals",
    "@lena_k pinged @ops-team",
    "x" * 300 + " end marker",
    "Minutes: " + "; ".join(f"point {n} agreed" for n in range(60)) + "; parrot cage deferred",
)

COMMON = """the a of to in is it was for on with as by at from office blue changed moved release to order mail user list int
note meeting plan budget phone floor point agreed replaced opens nine upgrade build key keys config not no and""".split()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteBackend]:
    chance = random.Random(5)
    others = [
        " ".join([*chance.choices(COMMON, k=chance.randrange(2, 14)), f"thing{chance.randrange(2_000)}"])
        for _ in range(5_000)
    ]
    for place, text in zip(chance.sample(range(5_000), len(HARD)), HARD, strict=True):
        others.insert(place, text)
    path: Path = tmp_path_factory.mktemp("crowded") / "memory.db"
    with SQLiteBackend(path) as backend:
        for start in range(0, len(others), 1_000):
            backend.retain_batch("b", [RetainItem(text) for text in others[start : start + 1_000]])
        yield backend


def ways_to_ask(text: str) -> Iterator[str]:
    """The whole text, also in another case and without accents; four words of it; its longest word."""
    yield from dict.fromkeys((text, text.upper(), text.lower()))
    if any(unicodedata.category(c) == "Mn" for c in unicodedata.normalize("NFD", text)) and text[0] < "\u0500":
        yield "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    if len(parts := text.split()) > 4:
        yield " ".join(parts[-4:])
    rare = [word for word in re.findall(r"\w{5,}", unicodedata.normalize("NFC", text)) if word.lower() not in COMMON]
    if rare:
        yield max(rare, key=len)
        yield f"What do we know about {max(rare, key=len)}?"


@pytest.mark.slow
@pytest.mark.parametrize("budget", ["low", "mid", "high"])
def test_what_was_stored_is_found_first_by_its_own_words(crowded: SQLiteBackend, budget: Budget) -> None:
    missed = [
        (asked, text)
        for text in HARD
        for asked in ways_to_ask(text)
        if unicodedata.normalize("NFC", text) not in first(crowded, asked, budget)
    ]
    assert missed == []


def first(backend: SQLiteBackend, asked: str, budget: Budget) -> list[str]:
    return [unicodedata.normalize("NFC", m.text) for m in backend.recall("b", asked, budget=budget).results[:1]]
