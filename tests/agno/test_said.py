"""Which messages can hold no fact, in many languages. In doubt a message is kept."""

from __future__ import annotations

import pytest

from hindsight_teams.agno.said import holds_no_fact, is_refusal, new_in

TELLS = (
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
)


@pytest.mark.parametrize("message", TELLS)
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


def test_of_an_answer_only_what_memory_did_not_give_is_new() -> None:
    recalled = "1. [2024-05-03 | own | clerk] I live in Bergen.\n2. [2024-05-03 | own | clerk] My dog is Rex."
    assert new_in("You live in Bergen.", [recalled]) == ""
    assert new_in("From memory:\n- I live in Bergen.", [recalled]) == ""
    assert (
        new_in("You live in Bergen.\nThe ferry there leaves at nine.", [recalled]) == "The ferry there leaves at nine."
    )
