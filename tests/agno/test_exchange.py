"""Which statements of a run become memories, and by what the run is known. Nothing is run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hindsight_teams.agno.exchange import SELECTIONS, Exchange, Statement, keep_runs, keep_said

FACT, ANSWER, TASK = "I moved to Bergen.", "The parcel left Hull at nine.", "The depot closes at six."
RECALLED = "1. [noted 2024-05-03 | ada] I moved to Bergen."
WHOLE = Exchange(
    member="clerk",
    said=Statement("user", FACT),
    task=Statement("desk", TASK),
    answered=Statement("clerk", ANSWER),
    heard=FACT,
    user="ada",
    session="s1",
    run="r1",
)


@pytest.mark.parametrize(
    "change",
    [
        {"member": "coder"},
        {"user": "bob"},
        {"user": None},
        {"session": "s2"},
        {"session": None},
        {"run": "r2"},
        {"run": None},
        {"heard": ANSWER},
        {"task": None},
        {"task": Statement("desk", ANSWER)},
        {"answered": None},
        {"answered": Statement("clerk", TASK)},
        {"user": "s1", "session": "ada"},
    ],
)
def test_an_exchange_is_known_by_its_run_and_by_what_was_said(change: dict[str, Any]) -> None:
    assert replace(WHOLE, **change).id != WHOLE.id


@pytest.mark.parametrize("change", [{}, {"said": None}, {"recalled": (FACT,)}, {"stored": (FACT,)}])
def test_an_exchange_is_the_same_whatever_memory_gave_and_took(change: dict[str, Any]) -> None:
    assert replace(WHOLE, **change).id == WHOLE.id
    assert len(WHOLE.id) == 24


def test_text_that_is_broken_has_an_id_too() -> None:
    assert replace(WHOLE, heard="\ud800").id != replace(WHOLE, heard="").id


def said(text: str, *stored: str, selection: Any = keep_said) -> list[tuple[str, str, str]]:
    exchange = Exchange("clerk", said=Statement("user", text), stored=stored, heard=text)
    return [(statement.speaker, statement.text, statement.under) for statement in selection(exchange)]


@pytest.mark.parametrize("selection", SELECTIONS.values())
@pytest.mark.parametrize(
    ("text", "stored", "kept"),
    [
        (FACT, [], [FACT]),
        (FACT, [FACT], []),
        (FACT, ["Something else."], [FACT]),
        ("Where do I live?", [], []),
        ("Hello!", [], []),
        (RECALLED, [], []),
        (f"You told me:\n{RECALLED}", [], []),
        (f"You told me:\n{RECALLED}\n{ANSWER}", [], [f"You told me:\n{FACT}\n{ANSWER}"]),
        (
            f"You said:\n1. [noted 2024-05-03 | ada] We ship.\n{RECALLED}\nBut not for long.",
            [],
            [f"You said:\n{FACT}\nBut not for long."],
        ),
        (f"{RECALLED}\nWhere is that?\nI forgot it.", [], [f"{FACT}\nWhere is that?\nI forgot it."]),
        ("What does it say?\n(file attached: lease (2).v1. final.pdf)", [], []),
        ("Thanks!\n(image attached: a.png)\n(image attached)", [], []),
        ("(file attached: lease.pdf)", [], ["(file attached: lease.pdf)"]),
        ("The lease is signed.\n(file attached: lease.pdf)", [], ["The lease is signed.\n(file attached: lease.pdf)"]),
        ("My list:", [], ["My list:"]),
        (f"Don't remember this: {FACT}", [], []),
        (f"# Move\n- {FACT}\n- {ANSWER}", [], [FACT, ANSWER]),
        (f"# Move\n- {FACT}\n- {ANSWER}", [FACT], [ANSWER]),
        (f"# Move\n- {FACT}\n- Where is it?", [], [FACT]),
    ],
)
def test_what_a_user_says_is_kept_unless_it_tells_nothing_new(
    selection: Any, text: str, stored: list[str], kept: list[str]
) -> None:
    assert [told for _, told, _ in said(text, *stored, selection=selection)] == kept


def test_what_a_user_says_is_the_users_and_an_item_has_the_head_of_its_document() -> None:
    assert said(f"# Move\n- {FACT}") == [("user", FACT, "# Move")]
    assert said(FACT) == [("user", FACT, "")]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, [FACT, TASK, ANSWER]),
        ({"said": None}, [TASK, ANSWER]),
        ({"task": None}, [FACT, ANSWER]),
        ({"task": Statement("desk", f"{FACT} {TASK}")}, [FACT, ANSWER]),
        ({"task": Statement("desk", f"{FACT} {TASK}"), "heard": ""}, [FACT, f"{FACT} {TASK}", ANSWER]),
        ({"heard": "Hello!", "said": Statement("user", "Hello!")}, []),
        ({"heard": f"{FACT} Don't save that.", "said": None}, []),
        ({"heard": "", "said": None}, [TASK, ANSWER]),
        ({"answered": None}, [FACT, TASK]),
        ({"answered": Statement("clerk", "I do not know.")}, [FACT, TASK]),
        ({"answered": Statement("clerk", FACT)}, [FACT, TASK]),
        ({"answered": Statement("clerk", f"{RECALLED}\n{ANSWER}")}, [FACT, TASK, ANSWER]),
        ({"recalled": (ANSWER,)}, [FACT, TASK]),
        ({"stored": (ANSWER,)}, [FACT, TASK]),
        ({"stored": (TASK,)}, [FACT, ANSWER]),
        ({"stored": (FACT,)}, [TASK, ANSWER]),
        (
            {"answered": Statement("clerk", f'{{"name": "retain_memory", "arguments": {{}}}}\n{ANSWER}')},
            [FACT, TASK, ANSWER],
        ),
        ({"task": Statement("desk", "Where is it?")}, [FACT, ANSWER]),
    ],
)
def test_of_a_whole_run_is_kept_what_is_new_in_it(change: dict[str, Any], kept: list[str]) -> None:
    assert [statement.text for statement in keep_runs(replace(WHOLE, **change))] == kept


def test_each_statement_of_a_run_is_its_speakers() -> None:
    assert [statement.speaker for statement in keep_runs(WHOLE)] == ["user", "desk", "clerk"]
