"""What only says again what memory holds or gave: of answers, and of what a tool stored beside the user's words."""

from __future__ import annotations

import pytest

from hindsight_teams.agno.echoes import new_in, not_in
from hindsight_teams.agno.exchange import Exchange, Statement, keep_said

FACT = "My sister Vera lives in Narvik."


def test_of_an_answer_only_what_memory_did_not_give_is_new() -> None:
    recalled = (
        "1. [Noted 2024-05-03 | own | clerk] I live in Bergen.\n2. [Noted 2024-05-03 | own | clerk] My dog is Rex."
    )
    assert new_in("You live in Bergen.", [recalled]) == ""
    assert new_in("From memory:\n- I live in Bergen.", [recalled]) == ""
    assert (
        new_in("You live in Bergen.\nThe ferry there leaves at nine.", [recalled]) == "The ferry there leaves at nine."
    )


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("The lab is at -5 degrees.", "The lab is at 5 degrees."),
        ("My blood type is O.", "My blood type is O-."),
        ("The code of the shed is 12.", "The code of the shed is 123."),
        ("I have one cat.", "I have one catalogue."),
        ("Refunds < 500 euros are mine.", "Refunds > 500 euros are mine."),
        ("Ask US for the key.", "Ask us for the key."),
        (
            "\u0930\u092e\u0947\u0936 \u0915\u094b \u092a\u093e\u0928",
            "\u0930\u092e\u0947\u0936 \u0915\u094b \u092a\u093e\u0928\u0940",
        ),
    ],
)
def test_what_a_tool_stored_otherwise_than_it_was_said_is_still_kept(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == told


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("Please remember that my dog is Rex.", "My dog is Rex."),
        ("- My dog is Rex", "My dog is Rex."),
        ("My dog is Rex.", "The user said: my dog is Rex. Her cat is Tom."),
        ("\u6211\u559c\u6b22\u732b\u3002", "\u6211\u559c\u6b22\u732b"),
    ],
)
def test_what_a_tool_stored_as_it_was_said_is_not_kept_twice(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == ""


def test_an_answer_with_another_figure_or_a_denial_is_new() -> None:
    known = ["The morning ferry from Bergen to Stavanger leaves pier two at 9 on every working day."]
    later = known[0].replace("9", "10")
    denied = known[0].replace("leaves", "never leaves")
    assert new_in(known[0], known) == ""
    assert new_in(later, known) == later
    assert new_in(denied, known) == denied


def test_an_answer_that_says_who_said_it_before_is_an_echo() -> None:
    known = ["My boat Ida lies in Molde."]
    assert new_in("From memory: You told me earlier your boat Ida lies in Molde.", known) == ""
    assert new_in("You told me your boat Ida lies in Bergen.", known) != ""


@pytest.mark.parametrize(
    "answer",
    [
        "Got it! I've noted that your sister Vera lives in Narvik.",
        "You told me that Vera, your sister, is living in Narvik.",
        "According to your records, [Noted 2026-11-26 | own | user] My sister Vera lives in Narvik. Anything else?",
        "Our greeter says: Noted, thank you!",
        "No, your sister Vera lives in Narvik.",
        "Tell the user about their sister Vera.",
        "Deine Schwester Vera wohnt in Narvik.",
        "Your sister Vera lives in Narvik, and your dog is Lupo.",
    ],
)
def test_an_answer_that_says_it_again_in_other_words_is_an_echo(answer: str) -> None:
    assert new_in(answer, [FACT, "My dog is Lupo.", "Meine Schwester Vera wohnt in Narvik."]) == ""


@pytest.mark.parametrize(
    "answer",
    [
        "Your sister Vera lives in Hull.",
        "Your sister Vera does not live in Narvik.",
        "Vera left Narvik.",
        "Your brother Vera lives in Narvik.",
        "Your sister Vera lives in Narvik at number 9.",
    ],
)
def test_an_answer_with_one_word_of_its_own_is_new(answer: str) -> None:
    assert new_in(answer, [FACT]) == answer


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        (FACT, "The user's sister Vera lives in Narvik."),
        ("I am allergic to peanuts and I hate cilantro.", "User is allergic to peanuts and hates cilantro."),
        ("Please remember that our standup is at 9:30.", "The team's standup is at 9:30."),
        ("I pay my rent to Osvald.", "The user pays their rent to Osvald."),
        ("Our till runs SQLite 3.31.0.", "The user's till runs SQLite 3.31.0."),
        ("I'm 42 and I don't drive.", "The customer is 42 and doesn't drive."),
        ("Ich wohne seit Mai in Fulda.", "Der Nutzer wohnt seit Mai in Fulda."),
    ],
)
def test_what_a_tool_stored_of_the_user_word_by_word_is_not_kept_twice(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == ""


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("I don't eat pork.", "The user eats pork."),
        ("My flight is at 11.", "The user's flight is at 9."),
        ("I might move to Bergen.", "The user moves to Bergen."),
        ("My ex-wife Vera lives in Narvik.", "The user's wife Vera lives in Narvik."),
        ("My boss was Vera.", "The user's boss is Vera."),
        ("My boss is Anne.", "The user's boss is Ann."),
        ("I called Bob.", "Bob called the user."),
        ("Now my car works.", "The user's car works."),
        ("My sister sold my car.", "The user's sister sold her car."),
        ("I sold her car.", "The user sold their car."),
        ("He hates my cat.", "The user hates the cat."),
        ("My lab is at -5 degrees.", "The user's lab is at 5 degrees."),
        ("I asked US officials.", "The user asked officials."),
        (FACT, "The user's sister Vera no longer lives in Narvik."),
        (FACT, "Somebody's sister Vera lives in Narvik."),
    ],
)
def test_what_a_tool_stored_of_the_user_otherwise_is_still_kept(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == told


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("I lived in Bergen.", "The user lives in Bergen."),
        ("I hate dogs.", "The user hated dogs."),
        ("No, my boss is Ann.", "My boss is Ann."),
        ("My car works again.", "My car works."),
        ("All my boats are sold.", "boats are sold"),
        ("The store is in Narvik.", "is in Narvik"),
        ("The ferry leaves at 9.", "The ferry leaves at 9 on Sundays."),
        ("I live in Bergen.", "He claims I live in Bergen."),
        ("I live in Bergen.", "Is it true that I live in Bergen?"),
        ("Bob can drive.", "Nobody said: Bob can drive."),
        ("I live in Bergen, since May.", "I live in Bergen."),
        ("Since May, I live in Bergen.", "I live in Bergen."),
        ("I saw what I broke.", "The user saw what broke."),
        ("I like tea and ham.", "The user likes tea and hams."),
        ("Thanks!", ""),
        ("We were robbed.", "The user was robbed."),
        ("I want cheese and ham.", "The user wants cheeses and ham."),
        ("My parents live with us.", "The user's parents live with the user."),
        ("I told my boss I quit.", "The user told the user's boss quits."),
        ("I think Ann sold my car.", "The user thinks Ann sold her car."),
        ("My balance is (500) euros.", "The user's balance is 500 euros."),
        ("Ich wohnte in Fulda.", "Der Nutzer wohnt in Fulda."),
        ("No letter for me", "No letters for the user"),
        ("10 boats are sold.", "12 boats are sold."),
    ],
)
def test_news_is_kept_beside_what_a_tool_stored_in_nearly_the_same_words(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == told


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("I live in Bergen and work at Shell.", "The user lives in Bergen and works at Shell."),
        ("I never carry cash.", "The user never carries cash."),
        ("My dog is Rex, thank you!", "My dog is Rex."),
        ("My cat is Tom. My dog is Rex.", "The user's cat is Tom. The user's dog is Rex."),
        ("Write in your notebook: we use ruff.", "We use ruff."),
        ("We meet on Mondays.", "The team meets on Mondays."),
    ],
)
def test_the_same_of_the_user_with_thanks_and_other_verbs_is_not_kept_twice(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == ""


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ("Ann owes Bob 5 euros.", "Bob owes Ann 5 euros."),
        ("Tom lent you 20 euros.", "You lent Tom 20 euros."),
        ("You have 5 cats, not 4.", "You have 4 cats, not 5."),
        ("Your order goes from Oslo to Bergen.", "Your order goes from Bergen to Oslo."),
        ("You are allergic to nuts.", "You are not allergic to nuts."),
        ("Your flight is at 9 am.", "Your flight is at 9 pm."),
        ("The lab is at -5 degrees.", "The lab is at 5 degrees."),
        ("Refunds > 500 need me.", "Refunds < 500 need me."),
        ("Your code is aB3.", "Your code is Ab3."),
        ("Ann or Bob signed.", "Ann and Bob signed."),
        ("I have taken out the trash.", "Please take out the trash."),
        ("I sent the refund.", "Please send the refund."),
        ("The refund was approved.", "Can you approve the refund?"),
        ("Use Postgres.", "Should we use Postgres or SQLite?"),
        ("Your sister lives in Narvik and your brother in Hull.", "Your sister lives in Hull, your brother in Narvik."),
        ("Tu hermana vive en Lima, no en Quito.", "Tu hermana vive en Quito, no en Lima."),
        ("Bob and Ann signed.", "Ann signed. Bob is ill."),
        ("No, Ann signed.", "Bob signed."),
        ("The customer is happy.", "The order is late."),
        ("Parcel 5 is noted.", "Turn 5: parcel number 185 arrived."),
        ("The ferry leaves at nine.", "The ferry leaves in the morning, at nine."),
        (
            "The morning ferry from Bergen to Stavanger leaves pier two at 9 on every single working day.",
            "The morning ferry from Oslo to Stavanger leaves pier two at 9 on every single working day.",
        ),
    ],
)
def test_an_answer_of_known_words_that_says_something_else_is_new(answer: str, known: str) -> None:
    assert new_in(answer, [known]) == answer


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("The brand MY sells tea.", "The brand the user's sells tea."),
        ("Ask Me for tea.", "Ask the user for tea."),
    ],
)
def test_a_name_that_reads_as_a_pronoun_is_a_name(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == told


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("I am ill.", "The user is ill."),
        ("We are ill.", "The team is ill."),
        ("We were ill.", "The team was ill."),
        ("I have a cat.", "The user has a cat."),
        ("I do yoga.", "The user does yoga."),
        ("I carry cash.", "The user carries cash."),
        ("Ich bin krank.", "Der Nutzer ist krank."),
        ("Ich habe Hunger.", "Der Nutzer hat Hunger."),
        ("I'm ill.", "The user is ill."),
        ("I\u2019ve a cat.", "The user has a cat."),
        ("I can't swim.", "The user cannot swim."),
        ("Remember this fact: my dog is Rex.", "My dog is Rex."),
        ("Thanks, my dog is Rex.", "My dog is Rex."),
    ],
)
def test_a_verb_of_the_user_in_the_third_person_is_the_same_verb(told: str, stored: str) -> None:
    assert not_in(told, [stored]) == ""


@pytest.mark.parametrize(
    ("answer", "known", "new"),
    [
        ("You live in Bergen. Your dog is Rex.", ["I live in Bergen."], True),
        ("You live in Bergen.\n\nYour dog is Rex.", ["I live in Bergen."], "Your dog is Rex."),
        ("Here is what I know:\nYou live in Bergen.", ["I live in Bergen."], ""),
        ("\u6211\u77e5\u9053\uff1a\nYou live in Bergen.", ["I live in Bergen."], ""),
        ("You live in Bergen.", [], True),
        ("You live in Bergen.", [""], True),
        ("", ["I live in Bergen."], ""),
        ("No.", ["I live in Bergen."], ""),
        ("Does your dog bark?", ["Rex barks."], ""),
        ("You asked where your dog is.", ["Where is my dog?"], ""),
        ("Your dog is in Hull.", ["Where is my dog in Hull?"], True),
        ("The ferry leaves at 9 a.m.", ["The ferry leaves at 9 am."], ""),
        ("1. [noted 2024-05-03 | own | ada] (superseded) I live in Bergen.", ["I live in Bergen."], ""),
        ("The codes are AB and CD.", ["The codes are AB, CD."], ""),
        ("Allergies: none.", ["Allergies: none."], ""),
        ("The code is A-.", ["The code is A."], True),
        ("The tank holds 5+.", ["The tank holds 5."], True),
    ],
)
def test_of_an_answer_the_lines_that_say_something_new_stay(answer: str, known: list[str], new: bool | str) -> None:
    assert new_in(answer, known) == (answer if new is True else new)


@pytest.mark.parametrize(
    "answer",
    [
        "> My boat Ida lies in Bergen.\n\nAnything else?",
        "> > My boat Ida lies in Bergen.",
        "| boat | place |\n|---|---|\n| Ida | Bergen |",
        "Here you are:\n\n| boat | lies in |\n| :-- | --: |\n| Ida | Bergen |",
    ],
)
def test_a_quotation_or_a_table_of_what_memory_gave_is_an_echo(answer: str) -> None:
    assert new_in(answer, ["1. [Noted 2026-11-26 | own | clerk] My boat Ida lies in Bergen."]) == ""


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ("> 90 % of the tests pass.", "90 % of the tests pass."),
        ("| boat | place |\n|---|---|\n| Ida | Oslo |", "My boat Ida lies in Bergen."),
        ("| the boat sank | place |\n| Ida | Bergen |", "My boat Ida lies in Bergen."),
    ],
)
def test_a_quotation_or_a_table_with_more_in_it_is_new(answer: str, known: str) -> None:
    assert new_in(answer, [known])


@pytest.mark.parametrize("asked", ["Is that right?", "Thanks!", "Show me the last entry."])
def test_lines_of_a_recall_given_back_with_a_question_tell_nothing(asked: str) -> None:
    given = f"You said:\n1. [Noted 2026-11-26 | own | clerk] My boat Ida lies in Bergen.\n{asked}"
    assert keep_said(Exchange("clerk", said=Statement("user", given))) == []
