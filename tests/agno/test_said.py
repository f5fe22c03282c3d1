"""Messages that can hold no fact, in many languages. When in doubt, a message is kept."""

from __future__ import annotations

import pytest
from agno.models.message import Message

from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.citing import recalled_text, without_recalled
from hindsight_teams.agno.echoes import not_in
from hindsight_teams.agno.said import (
    as_said,
    document,
    holds_no_fact,
    is_doubtful,
    is_refusal,
    off_the_record,
    said,
    sentences,
    tells_nothing_to,
    tokens,
    without_tool_calls,
)

TELLS = (
    "Nein, morgen.",
    "Nein. Morgen.",
    "No, later.",
    "Ja, Abend.",
    "Não, noite.",
    "Нет, вечер.",
    "Mi hijo tiene seis años, ¿paga billete?",
    "Es geht um Vertrag 12, was tun?",
    "Was in Rome last week, where should I eat?",
    "Como vegetariano, ¿qué hay?",
    "Tell me when Bo arrives, he takes the night train.",
    "Tell me about the parcel 4417.",
    "Remind me about the dentist",
    "I wonder if Ada, my sister, is ill.",
    "ボートはイダです。",
    "I start at the new school on Monday.",
    "Actually it's spelled Kathryn, with a y.",
    "Can you book a table? I only eat kosher.",
    "I've got two kids, is there a family fare?",
    "Since I broke my wrist I can't type, can we talk instead?",
    "Did you know that I used to live in Cork?",
    "No, the meeting moved to Thursday.",
    "Vegan.",
    "Room 14",
    "thanks, my new number is 0171 5550",
    "my budget is around 900, what would you suggest?",
    "Good morning! We signed the lease.",
    "It's a Honda.",
    "Call me Sam, please.",
    "We are four adults and a baby, which cabin fits?",
    "Ich habe eine Nussallergie.",
    "Wir ziehen im Herbst um, was müssen wir beachten?",
    "Danke, übrigens heißt meine Frau Jutta.",
    "J'ai déménagé à Lyon.",
    "Je suis végétarienne, avez-vous un menu ?",
    "Merci, mon train arrive à 18 h.",
    "Soy zurdo.",
    "Trabajo de noche, ¿puedo ir por la mañana?",
    "Gracias, ya vendí el coche.",
    "Ho due gatti.",
    "Mio figlio ha sei anni, paga il biglietto?",
    "Moro em Recife desde março.",
    "Ik ben allergisch voor penicilline.",
    "Jag flyttade till Umeå.",
    "Olen kasvissyöjä.",
    "Mam psa o imieniu Burek.",
    "Evim denize yakın.",
    "Μένω στον Πειραιά.",
    "Я работаю врачом.",
    "У меня двое детей, есть скидка?",
    "أنا أعمل في المطار.",
    "אני גר בחיפה.",
    "मेरा जन्म पुणे में हुआ था।",
    "私は大阪に住んでいます。",
    "猫を飼っています。この部屋は大丈夫ですか？",
    "我对花生过敏。",
    "저는 부산에 삽니다.",
    "Saya tinggal di Bandung.",
    "Tôi là giáo viên.",
    "ฉันแพ้กุ้ง",
    "Nina ishi Mombasa.",
    "When I was ten we moved to Leeds.",
    "What I need is a ground-floor room.",
)
TELLS_NOTHING = (
    "Which gate does it leave from?",
    "how are you?",
    "Could you say that again, please?",
    "What did I tell you about my car?",
    "And the second one?",
    "ok great, thanks so much!",
    "Good evening",
    "Bye for now",
    "👍👍",
    "???",
    "Really?",
    "where is my parcel",
    "what's my booking number?",
    "Is it open on Sundays, or only on weekdays?",
    "Please, when do I leave?",
    "Sorry, which one was it?",
    "Wo wohne ich?",
    "Vielen Dank!",
    "Guten Abend",
    "Kannst du mir helfen?",
    "Où est mon colis ?",
    "Merci beaucoup !",
    "Bonjour",
    "¿Cuándo sale mi tren?",
    "¡Muchas gracias!",
    "Hola, buenos días",
    "Dove abito?",
    "Grazie mille",
    "Onde eu moro?",
    "Obrigada!",
    "Waar is mijn bestelling?",
    "Dank je wel",
    "Var bor jag?",
    "Tack så mycket",
    "Missä minä asun?",
    "Kiitos paljon",
    "Gdzie mieszkam?",
    "Dziękuję bardzo",
    "Nerede yaşıyorum?",
    "Teşekkür ederim",
    "Πού μένω;",
    "Ευχαριστώ πολύ",
    "Где мой заказ?",
    "Спасибо большое!",
    "أين أسكن؟",
    "どこに住んでいますか？",
    "谢谢！",
    "감사합니다",
    "元気ですか。",
    "私の荷物はどこにありますか",
    "你好吗",
    "잘 지내십니까",
    "สบายดีไหม",
    "Tell me about my parcel.",
    "Please tell me what my order number is.",
    "Show me my orders",
    "I'd like to know where my parcel is.",
    "Hi where is my coat, and is it dry?",
    "No. Is the ferry in the morning?",
    "Taxi, where is it?",
    "Hi Bob, where is my coat?",
    "那么,我的车在哪里?",
)


@pytest.mark.parametrize("message", [*TELLS, "(file attached: contract of Vera.pdf)"])
def test_what_tells_something_is_kept(message: str) -> None:
    assert not holds_no_fact(message)


@pytest.mark.parametrize("message", TELLS_NOTHING)
def test_what_only_greets_thanks_or_asks_is_left_out(message: str) -> None:
    assert holds_no_fact(message)


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [
        ("I'm sorry, I can't help with that.", True),
        ("Got it, thanks!", True),
        ("Noted. I'll remember that.", True),
        ("I can't refund it, because the fare of 40 euros is final.", False),
        ("The ferry leaves at nine.", False),
    ],
)
def test_a_refusal_tells_nothing_unless_it_gives_a_figure(answer: str, refuses: bool) -> None:
    assert is_refusal(answer) is refuses


@pytest.mark.parametrize(
    "line", ["1. [P1 | backend] Fix the login.", "- [x | y] Ship Maple.", "2. [2024 | Oslo] We met."]
)
def test_a_list_with_labels_of_its_own_is_not_taken_for_a_recall(line: str) -> None:
    assert without_recalled(line) == line
    assert recalled_text(line) is None


@pytest.mark.parametrize("text", ["Danke dir", "thx bro", "Grüß Gott", "Guten Tag zusammen", "cheers mate"])
def test_a_courtesy_to_somebody_tells_nothing(text: str) -> None:
    assert holds_no_fact(text)


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("Thanks, coder!", True),
        ("Guten Morgen, Coder.", True),
        ("Hi help desk", True),
        ("Coder, who is Ann?", True),
        ("Yes, coder.", False),
        ("This is the coder.", False),
        ("Coder", False),
        ("Coder: 4417", False),
        ("Thanks, Tuesday.", False),
        ("Hello, help desk. My order is 4417.", False),
    ],
)
def test_what_is_said_to_a_member_by_name_tells_nothing_where_the_rest_does(text: str, nothing: bool) -> None:
    assert tells_nothing_to(["coder", "help-desk", "help desk"], text) is nothing


@pytest.mark.parametrize(
    "text", ["No, good night.", "Ja, guten Morgen!", "Да, доброе утро.", "نعم، صباح الخير", "Oui, bonne soirée."]
)
def test_a_wish_after_a_yes_or_no_tells_nothing(text: str) -> None:
    assert holds_no_fact(text)


@pytest.mark.parametrize(
    "text",
    ["how old is my car", "hi how old is my car", "Nein, morgen.", "tell me about the parcel 4417", "wo ist mein Rad"],
)
def test_what_may_tell_nothing_is_doubtful(text: str) -> None:
    assert is_doubtful(text)


@pytest.mark.parametrize(
    "text",
    [
        "Who I work for is Siemens.",
        "Was in Rome last week.",
        "Hat zwei Kinder.",
        "Mi perro se llama Toby.",
        "Blue, please.",
        "Did you know that I have a dog?",
    ],
)
def test_a_statement_that_opens_as_a_question_may_is_not_doubtful(text: str) -> None:
    assert not is_doubtful(text)


@pytest.mark.parametrize(
    "question",
    [
        "At what time does the ferry leave, and from which pier?",
        "With whom did I have lunch on Friday, and where?",
        "À quelle heure est mon rendez-vous, et avec qui ?",
        "Con chi ho parlato ieri, e di che cosa?",
    ],
)
def test_a_question_after_a_preposition_tells_nothing(question: str) -> None:
    assert holds_no_fact(question)


@pytest.mark.parametrize(
    "told",
    [
        "With Anna gone, who takes the dog?",
        "In Oslo I lost my phone, what now?",
        "In which I agree with Tom, so shall we sign?",
        "Under the new contract I earn 3100, how much tax is that?",
    ],
)
def test_a_statement_after_a_preposition_is_kept(told: str) -> None:
    assert not holds_no_fact(told)


@pytest.mark.parametrize(
    "order", ["Retain the facts of this note.", "Please remember all of this.", "Record everything."]
)
def test_a_document_with_an_order_before_it_tells_its_items_alone(order: str) -> None:
    text = f"{order}\n\n# The harbour\nDate: 2024-05-03\n\n- The mole is 90 m long.\n- The light is red."
    assert document(text)[1] == ["The mole is 90 m long.", "The light is red."]
    assert not_in(text, ["The mole is 90 m long.", "The light is red."]) == ""
    assert not_in(text, ["The mole is 90 m long."]) == text


@pytest.mark.parametrize(
    "question",
    [
        "Can I eat bread if I'm a celiac?",
        "Is it normal that my dog Lupo hasn't eaten for three days?",
        "Can I still fly although I broke my leg?",
        "\u00bfPuedo comer pan si soy cel\u00edaca?",
        "Darf ich K\u00e4se essen wenn ich schwanger bin?",
        "Est-ce normal que mon chat ne mange plus ?",
    ],
)
def test_a_question_that_tells_something_of_who_asks_is_kept(question: str) -> None:
    assert not holds_no_fact(question)


@pytest.mark.parametrize(
    "question",
    [
        "Do you know if I have an appointment?",
        "Can you tell me if I am insured?",
        "What happens if I cancel?",
        "Was passiert wenn ich k\u00fcndige?",
        "\u00bfSabes si tengo cita?",
    ],
)
def test_a_question_whether_something_is_so_tells_nothing(question: str) -> None:
    assert holds_no_fact(question)


@pytest.mark.parametrize(
    "text", ["Besten Dank!", "sure thing", "Hoeft niet.", "\u4e0d\u7528\u4e86\u3002", "Vi ses!", "No, never mind."]
)
def test_a_courtesy_of_several_words_tells_nothing(text: str) -> None:
    assert holds_no_fact(text)


@pytest.mark.parametrize(
    "text", ["\u00c0 demain !", "Tomorrow.", "\u6211\u7684\u8f66\u505c\u5728\u54ea\u91cc", "Ile kosztuje bilet"]
)
def test_what_takes_leave_or_answers_when_is_kept_in_doubt(text: str) -> None:
    assert not holds_no_fact(text)
    assert is_doubtful(text)


@pytest.mark.parametrize(
    "answer",
    [
        "Ich habe dazu leider keine Informationen.",
        "No tengo esa informaci\u00f3n.",
        "\u62b1\u6b49\uff0c\u6211\u4e0d\u77e5\u9053\u3002",
        "You haven't told me that yet.",
    ],
)
def test_an_answer_that_knows_nothing_is_a_refusal_in_other_languages_too(answer: str) -> None:
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "message",
    [
        "Did you know I have a dog?",
        "Can my son, who is six, fly alone?",
        "How do I tell my boss that I quit?",
        "Should I tell Ann I'm pregnant?",
        "how do I tell Ann that we sold the boat",
        "Had you heard that Vera resigned?",
        "What do I bring to my aunt's wedding on Sunday?",
        "Who feeds the cat until we return from Oslo?",
    ],
)
def test_a_question_that_tells_something_on_its_way_is_kept(message: str) -> None:
    assert not holds_no_fact(message)


@pytest.mark.parametrize(
    "message",
    [
        "Did I tell you my name?",
        "Can you tell me what I ordered?",
        "Did you know him?",
        "Have you heard of it?",
        "What is my aunt's name?",
        "What did we do before that?",
    ],
)
def test_a_question_of_much_the_same_words_that_only_asks_is_left_out(message: str) -> None:
    assert holds_no_fact(message)


@pytest.mark.parametrize(
    "message",
    [
        "Please do not save this: my key is under the mat.",
        "I failed my exam, so don't note that.",
        "Don't remember any of this. I met Bo.",
        "Off the record \u2013 we are broke.",
        "Forget that I said this: I met Bo.",
        "Ich bin pleite. Bitte nicht speichern.",
        "Merk dir das bitte nicht: ich bin pleite.",
        "N'enregistre pas cela : je divorce.",
        "Estoy enfermo, no lo anotes.",
        "不要记住这个,我病了。",
        "Не запоминай это: я болею.",
    ],
)
def test_who_asks_that_something_is_not_kept_is_understood(message: str) -> None:
    assert off_the_record(message)


@pytest.mark.parametrize(
    "message",
    [
        "I don't remember this.",
        "We never store it in the cloud.",
        "Don't save this file to disk, the disk is full.",
        "Don't forget that Ada is ill.",
        "Don't remember that? It was in Rome.",
        "Das kann ich nicht speichern.",
        "No recuerdo esto.",
        "The record is off by ten.",
    ],
)
def test_a_denial_about_something_else_is_no_wish_that_it_is_not_kept(message: str) -> None:
    assert not off_the_record(message)


@pytest.mark.parametrize(
    ("text", "head", "items"),
    [
        ("# Move\n- Ada rows.\n- Bo sails.", "# Move", ["Ada rows.", "Bo sails."]),
        (
            "# Move\nDate: 2026-01-02\n\n1. Ada rows.\n2) Bo sails!",
            "# Move\nDate: 2026-01-02",
            ["Ada rows.", "Bo sails!"],
        ),
        ("Note this down.\n## Move\n* Ada rows.", "Note this down.\n## Move", ["Ada rows."]),
        ("# Move", "# Move", []),
        ("# Move\n- Ada rows.\nBo sails.", "", []),
        ("# Move\n- Ada rows.\n- Bo", "", []),
        ("# Move\nIt is late today.\n- Ada rows.", "", []),
        ("Move: now\n- Ada rows.", "", []),
        ("- Ada rows.", "", []),
        ("Ada rows.", "", []),
    ],
)
def test_a_document_is_a_heading_and_a_list_of_sentences(text: str, head: str, items: list[str]) -> None:
    assert document(text) == (head, items)


CALL = '{"name": "retain_memory", "arguments": {"content": "x"}}'


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("  Done.  ", "  Done.  "),
        (f"{CALL}\nDone.", "Done."),
        (f"Done.\n{CALL}", "Done."),
        (f"{CALL}\n{CALL}\nDone.", "Done."),
        (f"```json\n{CALL}\n```\nDone.", "Done."),
        ('{"name": "retain_memory", "arguments": {"content": "x"\n\nDone.', "Done."),
        ('{"name": "retain_memory", "arguments": {"content": "x"', ""),
        ('{"name": "retain_memory"}\nDone.', "Done."),
        ('{"name": "Ann"}', '{"name": "Ann"}'),
        ("<tool_call>anything</tool_call>Done.", "Done."),
        ("Done. <tool_call>anything", "Done."),
        ("<function=x>anything</function>Done.", "Done."),
        ("retain_memory(content='x')\nDone.", "Done."),
        ("Action: retain_memory\nAction Input: {}\nDone.", "Done."),
        ("Done.\nretain_memory(content='x\ny')", "Done."),
        (f'{CALL}\n{{"content": "x"}}\nDone.', "Done."),
        ("I called retain_memory for you.", "I called retain_memory for you."),
    ],
)
def test_a_call_that_is_written_out_is_left_out_of_an_answer(answer: str, kept: str) -> None:
    assert without_tool_calls(answer) == kept


ADA = Caller(user="ada")


def test_the_users_words_are_retained_as_the_users_with_their_doubt_and_head() -> None:
    assert as_said("I moved.", caller=ADA, bank="own") == {
        "caller": ADA,
        "bank": "own",
        "context": "said by the user in a conversation with an agent",
        "metadata": {"speaker": "user"},
    }
    doubtful = as_said("Tell me your name", caller=ADA, bank=None)
    assert doubtful["metadata"] == {"speaker": "user", "doubt": "may tell nothing"}
    assert doubtful["bank"] is None
    headed = str(as_said("I moved.", caller=ADA, bank=None, under="# Move\nDate: now").get("context"))
    assert headed.endswith("with an agent; under: # Move Date: now")
    assert len(str(as_said("I moved.", caller=ADA, bank=None, under="x" * 9000).get("context"))) < 2100


def test_the_words_of_others_are_theirs_without_doubt_or_context() -> None:
    told = as_said("Tell me your name", caller=ADA, bank="own", speaker="clerk", under="# Move")
    assert told == {"caller": ADA, "bank": "own", "metadata": {"speaker": "clerk"}}


def test_what_a_user_said_is_the_users_own_messages_where_they_tell_something() -> None:
    messages = [
        Message(role="system", content="Be brief."),
        Message(role="user", content="I moved to Oslo.", from_history=True),
        Message(role="user", content="I moved to Bergen."),
        Message(role="assistant", content="Fine."),
        Message(role="user", content="And I row."),
    ]
    assert said(messages) == "I moved to Bergen.\nAnd I row."
    for nothing in ("Where do I live?", "Don't remember this: I am ill."):
        assert said([Message(role="user", content=nothing)]) == ""
    assert said([]) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's Ada's boat-house, 2nd floor!", ["it's", "ada's", "boat", "house", "2nd", "floor"]),
        ("STRASSE stra\u00dfe", ["strasse", "strasse"]),
        ("e\u0301t\u00e9", ["\u00e9t\u00e9"]),
        ("'quoted' word", ["'quoted", "word"]),
        ("?!", []),
    ],
)
def test_words_are_folded_and_without_signs(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_sentences_and_lines_are_told_apart() -> None:
    assert sentences("One. Two!\nThree\n\n  Four? ") == ["One.", "Two!", "Three", "Four?"]
    assert sentences(" ") == []


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [("Noted.", True), ("", True), ("I do not know that.", True), (f"I do not know, but {'so ' * 50}", False)],
)
def test_only_a_short_answer_is_a_refusal(answer: str, refuses: bool) -> None:
    assert is_refusal(answer) is refuses


def test_without_names_nothing_is_said_to_anybody() -> None:
    assert not tells_nothing_to([], "Coder, thanks!")
    assert tells_nothing_to(["a.b"], "a.b, thanks!")
    assert not tells_nothing_to(["a.b"], "axb, thanks for Oslo!")


@pytest.mark.parametrize(
    "order", ["Summarise our notes on Maple.", "Fasse unsere Notizen zusammen.", "给我看看待审的提案。"]
)
def test_an_order_is_kept_as_it_may_hold_news(order: str) -> None:
    assert not holds_no_fact(order)
