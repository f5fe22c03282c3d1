"""Which words match: spellings, forms, names and scripts."""

import itertools
from dataclasses import replace

import pytest

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.search import spelling, weights
from hindsight_teams.backends.sqlite.search.spelling import one_edit
from hindsight_teams.backends.sqlite.text import terms
from hindsight_teams.models import Budget, RetainItem

OTHERS = ("Nora likes tea.", "The train was late.", "Bo met Ada in the hall.", "Lunch is at noon.")


def best(backend: SQLiteBackend, stored: str, asked: str) -> str:
    for text in (*OTHERS, stored):
        backend.retain("b", text)
    results = backend.recall("b", asked).results
    return results[0].text if results else "nothing"


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("The IT desk is on floor 3.", "Who is in IT?"),
        ("AT&T sent the bill.", "What about AT&T?"),
        ("We told the WHO about it.", "And the WHO?"),
        ("They moved to the US.", "Who is in the US?"),
        ("Will approves all budgets.", "Who is Will?"),
        ("Please ask May first.", "who is may"),
        ("It cost 5,000 dollars.", "5000 dollars"),
        ("The disk has 10GB.", "a disk of 10 GB"),
        ("The disk has 10 GB.", "10GB"),
        ("The flight to Łódź is booked.", "flight to Lodz"),
        ("The flight to Lodz is booked.", "Łódź"),
        ("Bjørn repaired the roof.", "Bjorn"),
        ("Deployments are frozen over Christmas.", "May I deploy on Christmas Eve?"),
        ("Deployments are frozen over Christmas.", "deploy"),
        ("parseUserInput raises E_TIMEOUT", "parse user input"),
        ("The HTTPServer stops at ten.", "the http server"),
        ("max_retry_count is five.", "max retry count"),
        ("See src/app/main.py for that.", "main.py"),
        ("We write C++ here.", "C++"),
        ("Marcus Lindqvist approves.", "Lindquist"),
        ("Marcus Lindqvist approves.", "What does Lindqvsit do?"),
        ("Katarina signs the lease.", "Catarina"),
        ("We keep a 猫.", "猫"),
        ("黒い猫がいる", "猫"),
        ("明日は東京へ行く", "東"),
        ("Nora is ill.", "Who is ill?"),
        ("The id of the badge is lost.", "badge id"),
        ("The organisational chart is new.", "organisation"),
        ("The Wi-Fi is down.", "wifi"),
        ("The wifi is down.", "Wi-Fi"),
        ("The email list is ready.", "e-mail"),
        ("We re\u2011use the filters.", "reuse"),
        ("The database is slow.", "data base"),
        ("The rent is 1.250 euros.", "1250"),
        ("The rent is 1250 euros.", "1.250"),
        ("The rent is 12\u00a0500 euros.", "12,500"),
        ("The tariff for power rises.", "tarrif"),
        ("Stephen leads the desk.", "Steven"),
        ("Ralph called twice.", "Ralf"),
        ("Use load_user_profile to read it.", "user profile"),
        ("The user profile is read once.", "user profile"),
    ],
)
def test_one_way_of_writing_finds_the_other(backend: SQLiteBackend, stored: str, asked: str) -> None:
    assert best(backend, stored, asked) == stored


@pytest.mark.parametrize(
    "text", ["it", "AM", "It is what it is.", "!", "???", "->", "\u2192", "\u00a7", "*", "1", "\U0001f44d"]
)
def test_the_shortest_texts_are_found_by_themselves_among_newer_ones(backend: SQLiteBackend, text: str) -> None:
    backend.retain("b", text)
    for number in range(40):
        backend.retain("b", f"It is ready and so is that, or not: line {chr(97 + number % 26) * 3}{number + 2}.")
    assert backend.recall("b", text).results[0].text == text


@pytest.mark.parametrize("budget", ["low", "mid", "high"])
@pytest.mark.parametrize("text", ["Bo: that is me", "Is it Bo?", "Bo!", "Not Bo, not now."])
def test_a_text_of_hardly_any_terms_is_found_by_itself_among_newer_ones_of_the_same(
    backend: SQLiteBackend, text: str, budget: Budget
) -> None:
    backend.retain("b", text)
    for number in range(120):
        backend.retain("b", f"Bo: line {number} is next")
    assert text in [m.text for m in backend.recall("b", text, budget=budget).results]


def test_a_text_of_common_words_is_found_by_itself_among_many_that_hold_all_of_them(backend: SQLiteBackend) -> None:
    text = "The team wants a budget for the garden."
    backend.retain("b", text)
    longer = "Our garden budget of part{} was read to the team, {} which wants nothing."
    backend.retain_batch("b", [RetainItem(longer.format(n, "and then to all of Oslo " * 3)) for n in range(150)])
    assert text in [m.text for m in backend.recall("b", text).results]


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("~/.config/halyard/keys.toml", "~/.CONFIG/HALYARD/KEYS.TOML"),
        ("A \u2260 B", "a = b"),
        ("\uff28\uff45\uff4c\uff4c\uff4f sign", "hello SIGN"),
        ("Fa\u00e7ade na\u00efve", "facade naive"),
    ],
)
def test_a_text_is_found_by_its_words_in_another_case_before_what_could_replace_it(
    backend: SQLiteBackend, stored: str, asked: str
) -> None:
    others = ("config.key.trace('rewrite'), toml", "The b key changed.", "hello hello sign sign", "naive naive facade")
    backend.retain("b", stored)
    for text in others:
        backend.retain("b", text)
    assert backend.recall("b", asked).results[0].text == stored


def test_a_text_of_signs_is_not_found_by_others_or_past_a_filter(backend: SQLiteBackend) -> None:
    backend.retain("b", "->", tags=["private"])
    assert backend.recall("b", "=>").results == []
    assert backend.recall("b", "->", tags=["public"], tags_match="any_strict").results == []
    assert backend.recall("b", "->", tags=["private"], explain=True).results[0].signals[0].strategy == "words"


def test_words_that_are_written_as_one_do_not_make_a_text_longer(backend: SQLiteBackend) -> None:
    indexed = terms.indexed(
        "The Wi-Fi costs 1.250 or 3.5 on 2024-05-07", author=None, context=None, entities=(), tags=()
    )
    text, _, extras = indexed.partition("|")
    assert text.split() == ["wi", "fi", "cost", "1", "250", "3", "5", "2024", "05", "07"]
    assert extras.split() == ["wifi", "1250", terms.UNTAGGED]


def test_a_number_is_not_corrected(backend: SQLiteBackend) -> None:
    backend.retain("b", "Ticket 4711 is open.")
    assert backend.recall("b", "4712").results == []


def test_a_word_that_the_bank_holds_is_not_corrected(backend: SQLiteBackend) -> None:
    for text in ("The form is signed.", "The farm is sold."):
        backend.retain("b", text)
    assert [m.text for m in backend.recall("b", "form").results] == ["The form is signed."]


@pytest.mark.parametrize(
    ("asked", "best"),
    [
        ("Which park has swings?", " has swings."),  # not "pack", which is as rare as a word can be
        ("Where are the swings of Jhon?", "John has swings."),
        ("Where is the tarrif?", "The tariff is on the wall."),
    ],
)
def test_a_short_word_is_corrected_only_beside_what_the_bank_holds(
    backend: SQLiteBackend, asked: str, best: str
) -> None:
    for text in ("We pack the boxes on Friday.", "John has swings.", "The tariff is on the wall."):
        backend.retain("b", text)
    for number in range(8):
        backend.retain("b", f"Garden {number} has swings.")
    assert backend.recall("b", asked).results[0].text.endswith(best)


def test_an_edit_finds_nothing_of_another_bank(backend: SQLiteBackend) -> None:
    backend.retain("other", "Marcus Lindqvist approves.")
    backend.retain("b", "Nora likes tea.")
    assert backend.recall("b", "Lindquist").results == []


@pytest.mark.parametrize(
    ("first", "second", "near"),
    [
        ("maple", "maples", True),
        ("maple", "aple", True),
        ("maple", "mable", True),
        ("maple", "mapel", True),
        ("maple", "maple", False),
        ("maple", "mabel", False),
        ("maple", "maplexy", False),
        ("ab", "ba", True),
    ],
)
def test_one_edit_is_one_letter_or_two_that_change_places(first: str, second: str, near: bool) -> None:
    assert one_edit(first, second) is near
    assert one_edit(second, first) is near


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She bought it", "buy"),
        ("Stück", "stuck"),
        ("Der Rang ist hoch und die Aussicht gut", "rang"),
        ("the bell rang", "ring"),
        ("Nora met Bob yesterday.", "meet"),
        ("Nora left Las Vegas.", "leav"),
        ("Bo bought O'Brien an e-book.", "buy"),
        ("столы", "стол"),
    ],
)
def test_irregular_english_forms_are_those_of_english_texts(text: str, expected: str) -> None:
    assert expected in terms.terms(text)


def test_a_text_without_function_words_is_taken_for_english() -> None:
    assert terms.language(["bought", "milk"]) == terms.ENGLISH
    assert terms.language(["das", "ist", "gut"]) == terms.OTHER
    assert terms.language(["nora", "met", "bob"]) == terms.ENGLISH
    assert terms.language(["zij", "ging", "met", "het", "kind"]) == terms.OTHER


def test_the_index_tells_heading_text_and_marks_apart() -> None:
    content = terms.indexed(
        "Harbour plan\nNora: the IT crew builds", author="ada", context="meeting", entities=("Crew",), tags=()
    )
    assert content == " harbour plan / nora crew build | meet it §aada §u "


def test_a_long_first_line_is_no_heading() -> None:
    content = terms.indexed(f"{'word ' * 30}\nmore", author=None, context=None, entities=(), tags=("x",))
    assert "/" not in content
    assert content.endswith(f" {terms.tag_term('x')} ")


@pytest.mark.parametrize(
    ("text", "is_heading"),
    [
        ("This tool prints the lines of each file that\nmatch one of the patterns.", False),
        ("Things that we still have to buy in the market:\nmilk, eggs", True),
        ("Shopping\nmilk, eggs", True),
        ("How the lines of each file are printed in turn\nThis tool prints.", True),
    ],
)
def test_a_sentence_that_goes_on_in_the_next_line_is_no_heading(text: str, is_heading: bool) -> None:
    assert (" / " in terms.indexed(text, author=None, context=None, entities=(), tags=())) is is_heading


def test_a_speaker_counts_beside_the_member_who_signed(backend: SQLiteBackend) -> None:
    backend.retain("b", "Omar (7 May 2024): I enjoy long walks with Nora", metadata={"author": "scribe"})
    backend.retain("b", "Nora (7 May 2024): I enjoy long naps", metadata={"author": "scribe"})
    assert backend.recall("b", "What does Nora enjoy?").results[0].text.startswith("Nora")


def test_who_said_one_line_among_many_is_found_by_name_before_a_common_word(backend: SQLiteBackend) -> None:
    backend.retain("b", "The rack on the second floor, by remote.", metadata={"author": "zora"})
    backend.retain_batch("b", [RetainItem(f"I want to learn about topic {n}.") for n in range(60)])
    assert backend.recall("b", "What does Zora want to learn?").results[0].text.startswith("The rack")


def test_a_heading_before_a_colon_is_no_speaker(backend: SQLiteBackend) -> None:
    for text in (
        "Memory: a survey of its management",
        "Memory management costs a tenth of the budget.",
        "Tea costs 2.",
    ):
        backend.retain("b", text)
    for number in range(12):
        backend.retain("b", f"Aspects of plan {number} that share memory.")
    first = backend.recall("b", "aspects of memory management", explain=True).results[:2]
    assert {m.text for m in first} == {
        "Memory: a survey of its management",
        "Memory management costs a tenth of the budget.",
    }
    assert all("memory" in m.signals[0].reason for m in first)


def test_the_label_of_a_note_is_a_word_like_others(backend: SQLiteBackend) -> None:
    for text in ("Budget: 5,000 euros", "Maple has a budget of 700.", "Maple begins in May.", "Oak has a budget, too."):
        backend.retain("b", text, metadata={"author": "scribe"})
    assert backend.recall("b", "budget of Maple").results[0].text == "Maple has a budget of 700."


def test_words_that_only_ask_weigh_nothing(backend: SQLiteBackend) -> None:
    for text in ("Welche Farbe hat das?", "Der Zug nach Kiel ist neu.", "Der Zug nach Bonn ist alt."):
        backend.retain("b", text)
    assert backend.recall("b", "Welche Nummer hat der Zug nach Kiel?").results[0].text == "Der Zug nach Kiel ist neu."


def test_a_misspelled_word_is_corrected_by_words_of_its_own_bank(backend: SQLiteBackend) -> None:
    for number in range(30):
        backend.retain(f"other {number}", f"Lindqvist, Lindqvista and Lindquisd met line {number}.")
    backend.retain("b", "Marcus Lindqvost approves.")
    backend.retain("b", "Nora likes tea.")
    assert [m.text for m in backend.recall("b", "Lindquost").results][:1] == ["Marcus Lindqvost approves."]
    assert not backend.recall("b", "Katarina").results


@pytest.mark.parametrize("asked", ["Lindquist", "Kindqvist", "Lindqvit", "Lindqvista"])
def test_a_misspelled_word_finds_a_memory_older_than_those_that_are_read(
    backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(spelling, "MOST_READ", 100)
    for text in ("Marcus Lindqvist approves.", *OTHERS, *OTHERS[::-1]):
        backend.retain("b", text + " It was said twice, and noted once.")
    assert backend.recall("b", asked).results[0].text.startswith("Marcus Lindqvist")


def test_a_word_finds_its_other_form_where_many_terms_begin_so(backend: SQLiteBackend) -> None:
    for ending in ("able", "ables", "er", "ership", "erness", "ings", "ability", "ment", "ments", "ful", "xyz"):
        backend.retain("b", f"The thing was organis{ending} today.")
    assert len(backend.recall("b", "organisation").results) > 8


ALIKE = {
    "emoji": ("The mascot is 🦊.", "The mascot is 🐺.", "The mascot is 🦊🐺."),
    "skin": ("Omar's answer was 👍", "Omar's answer was 👎", "Omar's answer was 👍🏽"),
    "accent": ("Nora sent her résumé.", "Nora sent her resume."),
    "mark": ("Vowel a\u0331 here", "Vowel a\u0332 here", "Vowel a here"),
    "currency": ("The lamp costs $5.", "The lamp costs €5.", "The lamp costs £5."),
    "sign": ("It is -5 degrees.", "It is 5 degrees.", "It is +5 degrees."),
    "unit": ("The disk has 10 GB", "The disk has 10 Gb", "The disk has 10 GiB"),
    "negation": ("The server can't be restarted", "The server can be restarted", "The server cannot be restarted"),
    "comparison": ("x > 5 holds", "x < 5 holds", "x >= 5 holds", "x != 5 holds"),
    "code": ("use foo(a, b)", "use foo(b, a)", "use foo[a, b]"),
    "path": ("file /etc/hosts is read", "file etc/hosts is read", "file ~/etc/hosts is read"),
    "order": ("Nora reports to Bo", "Bo reports to Nora"),
    "case": ("the polish team", "the Polish team"),
    "question": ("Is the shop open?", "The shop is open.", "Is the shop open"),
    "box": ("- [ ] call Bo", "- [x] call Bo", "* call Bo"),
    "suit": ("♠A is out", "♥A is out", "♦A is out"),
    "option": ("ls -l", "ls -L", "ls --l"),
    "one": ("B", "grade B", "<b>x</b>", "grade B+"),
    "tense": ("he called her", "she called him", "they called us"),
    "day": ("due 3/5/24", "due 5/3/24"),
    "thai": ("แมวชื่อดำ", "แมวชื่อแดง"),
    "japanese": ("私は行く", "私は行かない", "私も行く"),
}


@pytest.mark.parametrize("texts", ALIKE.values(), ids=ALIKE)
def test_the_very_words_of_a_memory_find_it_before_others_like_it(
    backend: SQLiteBackend, texts: tuple[str, ...]
) -> None:
    for text in texts:
        backend.retain("b", text)
    assert [backend.recall("b", text).results[0].text for text in texts] == list(texts)


@pytest.mark.parametrize("budget", ["low", "mid", "high"])
def test_a_quoted_sentence_of_common_words_is_found_at_any_budget(
    backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch, budget: Budget
) -> None:
    monkeypatch.setitem(weights.DEPTHS, budget, replace(weights.DEPTHS[budget], rows=30, candidates=20))
    monkeypatch.setattr(weights, "_ALWAYS_SCORED", 20)
    said = ["house", "water", "money", "night"]
    orders = [" ".join(order) for order in itertools.permutations(said)]
    pairs = list(itertools.permutations(orders, 2))[:120]
    texts = [f"We saw the {first}. Then the {second} came. {number}" for number, (first, second) in enumerate(pairs)]
    backend.retain_batch("b", [RetainItem(text) for text in texts])
    found = backend.recall("b", "Then the house water night money came.", budget=budget, max_tokens=100_000).results
    assert "Then the house water night money came." in found[0].text
