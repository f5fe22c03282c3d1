"""The input of a run as text."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from agno.media import File, Image
from agno.models.message import Message
from agno.run.agent import RunInput

from hindsight_teams.agno.inputs import MAX_QUERY_CHARACTERS, answer_of, clean, query_of, words_of

LOG = "\n".join(f"2026-05-03 12:00:{number % 60:02d} worker {number} restarted" for number in range(200))
QUESTION = "Why does the worker of Saga restart?"


@pytest.mark.parametrize(
    "text", [f"{LOG}\n{QUESTION}", f"{QUESTION}\n{LOG}", f"{LOG}\n{QUESTION}\n{LOG}"], ids=["end", "start", "middle"]
)
def test_the_query_is_the_question_wherever_it_stands(text: str) -> None:
    query = query_of(RunInput(input_content=text))
    assert QUESTION in query
    assert len(query) <= MAX_QUERY_CHARACTERS


def test_a_short_input_is_its_own_query() -> None:
    assert query_of("My worker is Saga.") == "My worker is Saga."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Hello.", "Hello."),
        ({"text": "Hello."}, "Hello."),
        ([Message(role="user", content="Old."), Message(role="user", content="New.")], "New."),
        ([{"role": "user", "content": "New."}, {"role": "assistant", "content": "No."}], "New."),
        ([Message(role="assistant", content="No.")], ""),
        ([{"type": "text", "text": "See"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}], None),
        ({"order": 4417}, '{"order": 4417}'),
        (None, ""),
    ],
)
def test_the_users_words_are_the_last_user_message(content: Any, words: str | None) -> None:
    expected = "See\n(image attached)" if words is None else words
    assert words_of(SimpleNamespace(input_content=content)) == expected


def test_attachments_are_named_and_not_taken_in() -> None:
    given = RunInput(
        input_content="Here it is.",
        files=[File(content=b"%PDF", filename="lease.pdf", mime_type="application/pdf")],
        images=[Image(url="https://example.org/cat.png")],
    )
    assert words_of(given) == "Here it is.\n(image attached)\n(file attached: lease.pdf)"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("a\x00b", "ab"),
        ("\ud83d\ude00", "\U0001f600"),
        ("see data:image/png;base64,iVBORw0KGgo= there", "see (image attached) there"),
        ("<think>I write about tags.</think>", "<think>I write about tags.</think>"),
    ],
)
def test_text_is_cleaned_to_what_a_person_sees(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("answer", ["<think>Hm.</think>At nine.", "Hm.</think>At nine.", "At nine.<think>cut off"])
def test_an_answer_has_no_reasoning(answer: str) -> None:
    assert answer_of(answer) == "At nine."
