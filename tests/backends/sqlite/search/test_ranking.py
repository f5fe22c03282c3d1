"""The effect of each signal on the order, and the number of results."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import weights
from hindsight_teams.models import Memory, RetainItem

NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)


def fill(backend: SQLiteBackend, *texts: str) -> None:
    backend.retain_batch("b", [RetainItem(text) for text in texts])


def found(backend: SQLiteBackend, query: str, **options: Any) -> list[str]:
    return [m.text for m in backend.recall("b", query, **options).results]


def signal(memory: Memory, strategy: str, reason: str = "") -> float:
    return sum(s.score for s in memory.signals if s.strategy == strategy and reason in s.reason)


def explained(backend: SQLiteBackend, query: str, **options: Any) -> dict[str, Memory]:
    return {m.text: m for m in backend.recall("b", query, explain=True, **options).results}


def test_what_repeats_a_word_comes_before_what_has_it_once(backend: SQLiteBackend) -> None:
    filler = " ".join(f"word{n}" for n in range(60))
    fill(backend, f"turbine turbine turbine {filler}", f"turbine other thing {filler}", "nothing here")
    assert found(backend, "turbine")[0].startswith("turbine turbine")


def test_a_short_text_comes_before_a_long_one_with_the_same_words(backend: SQLiteBackend) -> None:
    fill(backend, "turbine harbour", "turbine harbour " + " ".join(f"word{n}" for n in range(150)))
    assert found(backend, "turbine harbour")[0] == "turbine harbour"


def test_a_heading_that_names_the_question_comes_first(backend: SQLiteBackend) -> None:
    body = "It was built for the crown and sold later on"
    fill(backend, f"Silver barge\n{body} beside a harbour tower", f"Harbour tower\n{body} beside a silver barge")
    assert found(backend, "harbour tower")[0].startswith("Harbour tower")


SONG = "Blue Moon Road\nThe song was written and sung by Ada Vale in one night."
PAGES = [
    SONG,
    "Ivo Kern (singer)\nHe lives in Oslo and keeps bees.",
    "Ada Vale (singer)\nShe lives in Bergen and keeps bees.",
    "Ada (language)\nIt is spoken by compilers.",
]


def test_what_the_best_memory_mentions_by_its_heading_follows_it(backend: SQLiteBackend) -> None:
    fill(backend, *PAGES, *(f"Street {n}\nA street with {n} houses." for n in range(30)))
    memories = explained(backend, "Where does the singer of Blue Moon Road live?")
    assert list(memories)[:2] == [SONG, PAGES[2]]
    vale, kern = signal(memories[PAGES[2]], "graph", "heading"), signal(memories[PAGES[1]], "graph", "heading")
    assert vale > 0
    assert kern == 0
    assert signal(memories[SONG], "graph", "heading") == 0


def test_a_heading_counts_by_how_much_of_it_is_mentioned(backend: SQLiteBackend) -> None:
    fill(backend, *PAGES, "Ada Vale\nLittle is written about this singer.", *(f"Street {n}\nHouses" for n in range(30)))
    memories = explained(backend, "Blue Moon Road singer language")
    mentioned = {text: signal(memory, "graph", "heading") for text, memory in memories.items()}
    assert mentioned["Ada Vale\nLittle is written about this singer."] > mentioned[PAGES[2]] > mentioned[PAGES[3]] > 0


def test_words_that_stand_side_by_side_count_more(backend: SQLiteBackend) -> None:
    fill(backend, "The pilot of our Maple yacht", "The Maple pilot of some yacht", "A yacht")
    assert found(backend, "maple pilot")[0] == "The Maple pilot of some yacht"


def test_another_form_counts_less_than_the_word(backend: SQLiteBackend) -> None:
    fill(backend, "architecture chart in blue", "architect chart in blue", "blue chart in red", "tea")
    memories = explained(backend, "architecture chart")
    words = [signal(memory, "words", "holds") for memory in memories.values()]
    assert list(memories) == ["architecture chart in blue", "architect chart in blue", "blue chart in red"]
    assert words[0] > words[1] > words[2] > 0


def shared_words(backend: SQLiteBackend, words: int) -> dict[str, float]:
    """What lines of so many words get for words that the best lines have in common."""
    starts = ("zephyr turbine blades in the harbour", "zephyr turbine blades by the harbour")
    others = ("turbine blades of the harbour", "turbine made from paper")
    texts = {start: f"{start} {' '.join(f'{start[:3]}{n}' for n in range(words))}" for start in (*starts, *others)}
    fill(backend, *texts.values(), *(f"line {n} about bread" for n in range(20)))
    memories = explained(backend, "zephyr turbine")
    return {start: signal(memories[texts[start]], "words", "have in common") for start in others}


def test_what_the_best_have_in_common_lifts_what_shares_it(backend: SQLiteBackend) -> None:
    got = shared_words(backend, 20)
    assert got["turbine blades of the harbour"] > 0 == got["turbine made from paper"]


def test_a_rare_word_that_the_best_have_in_common_lifts_more_than_a_common_one(backend: SQLiteBackend) -> None:
    own = {start: " ".join(f"{start[:3]}{n}" for n in range(20)) for start in ("one", "two", "few", "all")}
    first = [f"zephyr turbine with blades on paper {own[start]}" for start in ("one", "two")]
    rare, common = f"turbine blades {own['few']}", f"turbine paper {own['all']}"
    fill(backend, *first, rare, common, *(f"turbine on paper {own['all'].replace('all', f'x{n}x')}" for n in range(20)))
    memories = explained(backend, "zephyr turbine")
    lifted = [signal(memories[text], "words", "have in common") for text in (rare, common)]
    assert lifted[0] > lifted[1] > 0


def test_what_short_lines_have_in_common_tells_nothing(backend: SQLiteBackend) -> None:
    assert set(shared_words(backend, 2).values()) == {0.0}


def talk(backend: SQLiteBackend, step: timedelta, *, document: str | None = None) -> None:
    turns = [f"turn number {n} about word{n}" for n in range(12)]
    turns[5], turns[6] = "Which colour did the plumber choose?", "Teal, in the end."
    for n, text in enumerate(turns):
        more: dict[str, Any] = {"document_id": document, "update_mode": "append"} if document else {}
        backend.retain("b", text, timestamp=NOON + n * step, **more)


@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta(seconds=30), timedelta(hours=5), timedelta(days=9)])
def test_a_reply_is_found_at_any_spacing(backend: SQLiteBackend, step: timedelta) -> None:
    talk(backend, step)
    assert found(backend, "plumber colour")[:2] == ["Which colour did the plumber choose?", "Teal, in the end."]


def test_a_reply_far_into_a_stream_is_found(backend: SQLiteBackend) -> None:
    for n in range(100):
        text = {30: "Which colour did the plumber choose?", 31: "Teal, in the end."}.get(n, f"turn {n} word{n}")
        backend.retain("b", text, timestamp=NOON + timedelta(seconds=30 * n))
    assert found(backend, "plumber colour")[:2] == ["Which colour did the plumber choose?", "Teal, in the end."]


def test_neighbours_count_by_their_distance_and_side(backend: SQLiteBackend) -> None:
    talk(backend, timedelta(seconds=30))
    memories = explained(backend, "plumber")
    near = [signal(memories[text], "graph", "next to") if text in memories else 0.0 for text in _turns()]
    assert near[5] == 0
    assert near[6] > near[4] > near[7] > near[3] == near[8] > 0
    assert near[2] == near[9] == 0


def test_neighbours_in_a_document_count_the_same(backend: SQLiteBackend) -> None:
    talk(backend, timedelta(0), document="talk")
    memories = explained(backend, "plumber")
    near = [signal(memories[text], "graph", "next to") if text in memories else 0.0 for text in _turns()]
    assert near[6] > near[4] > near[7] > near[3] == near[8] > 0
    assert near[5] == near[2] == near[9] == 0


def test_hits_in_two_documents_bring_the_neighbours_of_both(backend: SQLiteBackend) -> None:
    for document, hits in (("x", (1, 10)), ("y", (2,))):
        for n in range(12):
            text = f"plumber {document}{n}" if n in hits else f"turn {document}{n}"
            backend.retain("b", text, document_id=document, update_mode="append")
    memories = explained(backend, "plumber", budget="high")
    near = {text for text, memory in memories.items() if signal(memory, "graph", "next to")}
    places = {"x": (0, 2, 3, 4, 8, 9, 11), "y": (0, 1, 3, 4, 5)}
    assert near == {f"turn {document}{n}" for document, numbers in places.items() for n in numbers}


def test_a_document_counts_by_what_few_documents_hold(backend: SQLiteBackend) -> None:
    for document, word in (("aa", "zebra"), ("bb", "tea"), ("cc", "tea"), ("dd", "bread")):
        for text in (f"{word} talk {document}", f"lunch of {document}"):
            backend.retain("b", text, document_id=document, update_mode="append")
    memories = explained(backend, "zebra tea", budget="high")
    few, many, others = (signal(memories[f"lunch of {name}"], "graph", "its document") for name in ("aa", "bb", "cc"))
    assert few > many == others > 0


def _turns() -> list[str]:
    turns = [f"turn number {n} about word{n}" for n in range(12)]
    turns[5], turns[6] = "Which colour did the plumber choose?", "Teal, in the end."
    return turns


def test_a_term_in_two_neighbours_counts_once(backend: SQLiteBackend) -> None:
    for n, text in enumerate(("plumber one", "plumber two", "then tea", "and cake", "zebra")):
        backend.retain("b", text, timestamp=NOON + timedelta(seconds=30 * n))
    memories = explained(backend, "plumber")
    one = signal(memories["plumber one"], "words")
    assert signal(memories["then tea"], "graph", "next to") == pytest.approx(0.7 * one, rel=0.2)


def test_a_session_is_a_stream_without_dates(backend: SQLiteBackend) -> None:
    for n, text in enumerate(("Which colour did the plumber choose?", "Teal, in the end.")):
        backend.retain("b", text, tags=["session:one"])
        backend.retain("b", f"word{n} elsewhere", tags=["session:two"])
    assert found(backend, "plumber colour") == ["Which colour did the plumber choose?", "Teal, in the end."]


def test_an_invented_id_is_no_document(backend: SQLiteBackend) -> None:
    for n, text in enumerate(("Which colour did the plumber choose?", "Teal, in the end.", "Bye")):
        backend.retain("b", text, timestamp=NOON + timedelta(seconds=30 * n), document_id=f"memory-{n}")
    assert found(backend, "plumber colour")[1] == "Teal, in the end."


def test_a_pause_ends_a_conversation(backend: SQLiteBackend) -> None:
    for n, text in enumerate(("one", "plumber", "teal")):
        backend.retain("b", text, timestamp=NOON + timedelta(seconds=30 * n))
    backend.retain("b", "the next day", timestamp=NOON + timedelta(days=1))
    assert "the next day" not in found(backend, "plumber")


def test_the_order_of_arrival_counts_in_a_coherent_bank(backend: SQLiteBackend) -> None:
    for topic in range(15):
        for n in range(6):
            backend.retain("b", f"topic{topic} of harbour{topic} with turbine{topic}, {n}")
    backend.retain("b", "topic3 plumber")
    backend.retain("b", "teal in the end")
    assert "teal in the end" in found(backend, "plumber")


def test_the_order_of_arrival_says_nothing_elsewhere(backend: SQLiteBackend) -> None:
    for n in range(60):
        backend.retain("b", f"note{n} about thing{n}")
    backend.retain("b", "plumber")
    backend.retain("b", "teal in the end")
    assert found(backend, "plumber") == ["plumber"]


def test_a_span_that_most_memories_lie_in_counts_little(backend: SQLiteBackend) -> None:
    items = [RetainItem(f"tea number {n}", NOON + timedelta(minutes=n)) for n in range(40)]
    items += [RetainItem("the samovar is broken", NOON + timedelta(days=300))]
    items += [RetainItem("tea elsewhere", NOON - timedelta(days=300))]
    backend.retain_batch("b", items)
    common = explained(backend, "samovar in May 2024")
    assert max(signal(m, "time") for m in common.values()) < 0.2
    rare = explained(backend, "tea in July 2023")
    assert signal(rare["tea elsewhere"], "time") > 0.4


def test_a_bare_year_does_not_outweigh_the_words(backend: SQLiteBackend) -> None:
    backend.retain_batch(
        "b",
        [
            RetainItem("The harbour bridge was opened", NOON),
            RetainItem("Lunch with Bo", datetime(2019, 6, 1, tzinfo=UTC)),
            *(RetainItem(f"word{n}", NOON + timedelta(days=n)) for n in range(30)),
        ],
    )
    assert found(backend, "harbour bridge 2019")[0] == "The harbour bridge was opened"


def test_a_memory_near_a_span_gets_less_than_one_within_it(backend: SQLiteBackend) -> None:
    days = (0, 3, 6, 8, 20)
    backend.retain_batch("b", [RetainItem(f"tea {d}", NOON + timedelta(days=d)) for d in days])
    memories = explained(backend, "tea on 7 May 2024")
    got = [signal(memories[f"tea {d}"], "time") if f"tea {d}" in memories else 0.0 for d in days]
    assert got[0] > got[1] > got[2] > 0 == got[3] == got[4]


def test_of_lines_that_say_nearly_the_same_the_newer_comes_first(backend: SQLiteBackend) -> None:
    texts = ("The rent is 900 euros.", "Bo likes tea.", "The rent was raised to 950 euros.")
    for n, text in enumerate(texts):
        backend.retain("b", text, timestamp=NOON + timedelta(days=n))
    memories = explained(backend, "How much is the rent?")
    assert next(iter(memories)) == "The rent was raised to 950 euros."


@pytest.mark.parametrize(
    ("stored", "asked", "changed"),
    [
        ("DO NOT UNPLUG THE BLUE RACK", "unplug", "The baby may become very blue."),
        ("phone +49 (0)30 901820-77", "901820", "mask = replace_nan(a, 0)"),
        ("Version 7 needs the quartz plan", "quartz", "The plan changed for all of the other rooms on the seventh"),
    ],
)
def test_a_change_that_shares_a_word_or_a_number_is_no_news_about_all_that_holds_it(
    backend: SQLiteBackend, stored: str, asked: str, changed: str
) -> None:
    backend.retain("b", stored)
    backend.retain("b", changed)
    assert backend.recall("b", asked).results[0].text == stored


def test_a_newer_line_about_something_else_does_not_come_first(backend: SQLiteBackend) -> None:
    for n, text in enumerate(("Nora likes tea.", "Nora likes jazz.", "Nora met Bo.", "Bo moved the desk.")):
        backend.retain("b", text, timestamp=NOON + timedelta(days=n))
    assert found(backend, "Does Nora like tea?")[0] == "Nora likes tea."


@pytest.mark.parametrize(
    ("question", "older", "newer"),
    [
        ("Où habite Inès ?", "Inès habite à Lille.", "Inès est déménagée à Metz."),
        ("Où habite Inès ?", "Inès habite à Lille.", "Inès s'est installée à Metz."),
        ("Où vit Inès ?", "Inès vit à Lille.", "Inès est partie vivre à Metz."),
        ("Dove abitano i nonni?", "I nonni abitano a Bari.", "I nonni si sono trasferiti a Pisa."),
        ("Dove vive Sara?", "Sara vive a Bari.", "Sara è andata a vivere a Pisa."),
        ("¿Dónde vive Eva?", "Eva vive en Vigo.", "Eva se fue a vivir a Jerez."),
        ("Onde mora Rita?", "Rita mora em Braga.", "Rita está mudada para Faro."),
        ("Wo wohnen die Eltern?", "Die Eltern wohnen in Ulm.", "Die Eltern sind nach Fulda gezogen."),
        ("Waar woont Sofie?", "Sofie woont in Delft.", "Sofie is sinds mei verhuisd naar Breda."),
        ("Var bor Nils?", "Nils bor i Lund.", "Nils har flyttat till Kalmar."),
        ("Gdzie mieszka Ola?", "Ola mieszka w Gdyni.", "Ola przeprowadziła się do Lublina."),
    ],
)
def test_who_moved_lives_elsewhere_in_many_languages(
    backend: SQLiteBackend, question: str, older: str, newer: str
) -> None:
    for n, text in enumerate((older, newer, "Der Drucker steht im Keller.")):
        backend.retain("b", text, timestamp=NOON + timedelta(days=n))
    assert found(backend, question)[0] == newer


@pytest.mark.parametrize(
    "change",
    [
        "Nora dropped Kafka",
        "Nora switched from Kafka to a queue which others had written in a long night of a very cold winter",
    ],
)
def test_a_change_far_down_a_long_ranking_is_returned_once(backend: SQLiteBackend, change: str) -> None:
    lines = ["Nora uses Kafka", *(f"Nora uses Kafka for task number {n} of the list" for n in range(60)), change]
    backend.retain_batch("b", [RetainItem(line) for line in lines])
    found = [memory.text for memory in backend.recall("b", "What does Nora use Kafka for?", budget="high").results]
    assert sorted(found) == sorted(lines)


def test_a_change_that_lacks_the_questions_words_is_brought(backend: SQLiteBackend) -> None:
    for n, text in enumerate(("We use MySQL.", "Bo likes tea.", "We switched from MySQL to PostgreSQL.")):
        backend.retain("b", text, timestamp=NOON + timedelta(days=n))
    assert found(backend, "Which database do we use?")[0] == "We switched from MySQL to PostgreSQL."


def test_at_most_thirty_lines_come_back_and_more_for_a_high_budget(backend: SQLiteBackend) -> None:
    fill(backend, *(f"tea fact {n}" for n in range(200)))
    sizes = {b: len(found(backend, "tea", budget=b, max_tokens=100_000)) for b in ("low", "mid", "high")}
    assert sizes == {b: weights.DEPTHS[b].results for b in sizes}  # type: ignore[index]


def test_lines_far_behind_the_best_are_left_out(backend: SQLiteBackend) -> None:
    fill(backend, "zephyr turbine harbour samovar", *(f"harbour {n} note" for n in range(30)))
    assert len(found(backend, "zephyr turbine harbour samovar")) <= weights.FIRST


def test_confidence_is_the_share_that_the_best_memory_covers(backend: SQLiteBackend) -> None:
    fill(backend, "The Porto office opens at eight.", "Bo likes tea.", "Ada met Bo.")
    asked = ("When does the Porto office open?", "Who runs the Peru office?", "zzzz qqqq", "What do you know?")
    sure, half, none, open_question = (backend.recall("b", q).confidence for q in asked)
    assert sure == 1.0
    assert half is not None
    assert 0 < half < 0.5
    assert none == 0.0
    assert open_question is None


@pytest.mark.parametrize("question", ["What did Omar bake in May 2024?", "What did Omar bake on May 7, 2024?"])
def test_a_month_that_is_a_stop_word_too_is_not_missed(backend: SQLiteBackend, question: str) -> None:
    backend.retain("b", "Omar baked a pie with plums.", timestamp=NOON)
    backend.retain("b", "The kiln is hot.", timestamp=NOON)
    result = backend.recall("b", question)
    assert result.results[0].text == "Omar baked a pie with plums."
    assert result.confidence == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("told", "question"),
    [
        ("办公室在十二楼。", "办公室在几楼？"),
        ("會議是三點。", "會議是幾點？"),
        ("会議は五階です。", "会議は何階ですか？"),
        ("田中さんは三十歳だ。", "田中さんは何歳？"),
        ("회의는 네 시에 시작한다.", "회의는 몇 시에 시작해?"),
        ("Toplantı çarşamba günü.", "Toplantı ne zaman?"),
        ("Kantor pindah ke Jakarta.", "Di mana kantor?"),
        ("রিনা খুলনায় থাকে।", "রিনা কোথায় থাকে?"),
        ("علی لاہور میں رہتا ہے۔", "علی کہاں رہتا ہے؟"),
    ],
)
def test_what_only_asks_is_no_word_that_the_answer_lacks(backend: SQLiteBackend, told: str, question: str) -> None:
    for text in (told, "The kiln is hot.", "仓库有猫。"):
        backend.retain("b", text)
    assert told in backend.reflect("b", question).text.splitlines()[0]


@pytest.mark.parametrize("text", ["几何课在周一", "十几年前他来过", "茶几是木头的"])
def test_a_sign_that_asks_elsewhere_is_found_in_a_word(backend: SQLiteBackend, text: str) -> None:
    backend.retain("b", "课在周二")
    backend.retain("b", text)
    assert backend.recall("b", text).results[0].text == text


@pytest.mark.parametrize(
    "question", ["What did Zork do last year?", "Who was sacked last year?", "Which band played on 3 May 2023?"]
)
def test_what_shares_only_its_date_with_a_question_tells_nothing_about_it(
    backend: SQLiteBackend, question: str
) -> None:
    for text in ("Last year there were 41 complaints.", "On 3 May 2023 Ines joined.", "The kiln is hot."):
        backend.retain("b", text, timestamp=NOON)
    assert backend.recall("b", question, query_timestamp=NOON).confidence == 0.0
    assert backend.reflect("b", question).based_on == []
    assert backend.recall("b", "What happened last year?", query_timestamp=NOON).confidence == pytest.approx(1.0)


_GOODS = "barley hops malt yeast copper timber slate wool linen amber cobalt resin tallow quartz felt cork".split()


@pytest.mark.parametrize("step", [None, timedelta(minutes=1)], ids=["undated", "dated"])
def test_few_unsure_lines_come_back_from_notes_in_the_order_of_their_subjects(
    backend: SQLiteBackend, step: timedelta | None
) -> None:
    notes = [
        f"{verb} {good} {place}" for good in _GOODS for verb, place in (("Vera sells", "daily"), ("We store", "dry"))
    ]
    for number, note in enumerate(notes):
        backend.retain("b", note, timestamp=None if step is None else NOON + number * step)
    result = backend.recall("b", "Which orchestra performs on the roof beside the quartz?")
    assert {memory.text for memory in result.results} == {"Vera sells quartz daily", "We store quartz dry"}


def test_vectors_raise_the_confidence_in_other_words(path: Path) -> None:
    def embed(text: str) -> list[float]:
        return [1.0, 0.1] if "bill" in text or "invoice" in text else [0.1, 1.0]

    with closing(SQLiteBackend(path, embedder=embed)) as backend:
        fill(backend, "The invoice is late", *(f"word{n}" for n in range(20)))
        result = backend.recall("b", "bill")
    assert result.results[0].text == "The invoice is late"
    assert result.confidence == pytest.approx(0.5)
