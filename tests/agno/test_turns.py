"""Whom a run listens to: never to the words of another user, whoever shares a session id."""

from __future__ import annotations

from dataclasses import replace

import pytest
from agno.run.agent import RunInput, RunOutput
from agno.run.base import RunContext

from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.turns import Place, Turns, key_of, notes_of


class Squad:
    """Stands for the team memory that equips."""

    team_id = "squad"


def context(run: str, user: str | None) -> RunContext:
    return RunContext(run_id=run, session_id="shared-session", user_id=user)


@pytest.mark.parametrize(("speaking", "listening"), [(None, "ada"), ("mallory", "ada"), ("mallory", None)])
def test_a_member_does_not_hear_what_another_user_tells_the_leader(speaking: str | None, listening: str | None) -> None:
    turns = Turns(Squad())
    leading = context("r1", speaking)
    turns.hear("desk", "a", leading, leads=True, place="outermost")
    heard = turns.hear("clerk", "Find a flight.", context("r2", listening), leads=False, place="member")
    assert (heard.turn.words, heard.turn.user) == ("Find a flight.", listening)


def test_a_member_hears_the_user_of_its_own_turn() -> None:
    turns = Turns(Squad())
    leading = context("r1", "ada")
    turns.hear("desk", "I moved to Oslo.", leading, leads=True, place="outermost")
    heard = turns.hear("clerk", "Note where she lives.", context("r2", "ada"), leads=False, place="member")
    assert (heard.turn.words, heard.task) == ("I moved to Oslo.", "Note where she lives.")


def test_of_two_turns_of_a_user_at_once_a_member_hears_the_one_whose_words_it_is_given() -> None:
    turns, first, second = Turns(Squad()), context("r1", "ada"), context("r2", "ada")
    turns.hear("desk", "I moved to Oslo.", first, leads=True, place="outermost")
    turns.hear("desk", "I row.", second, leads=True, place="outermost")
    heard = turns.hear("clerk", "Note: I moved to Oslo.", context("r3", "ada"), leads=False, place="member")
    assert heard.turn.words == "I moved to Oslo."


def test_what_is_kept_in_a_run_is_of_one_kind_and_one_whole_caller() -> None:
    ada = Caller("desk", "clerk", "ada", "s1", "r1")
    others = [replace(ada, **{name: "1"}) for name in ("team", "member", "user", "session", "run")]
    keys = {key_of("turn", caller) for caller in (ada, *others, replace(ada, user=1))}  # type: ignore[arg-type]
    assert len({*keys, key_of("heard", ada)}) == 8


def ended(run: str, words: str, **more: str) -> RunOutput:
    return RunOutput(run_id=run, input=RunInput(input_content=words), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("workflow", [None, "w"])
def test_the_end_of_a_leaders_run_is_of_the_turn_that_it_began(workflow: str | None) -> None:
    turns, leading = Turns(Squad()), context("r1", "ada")
    leading.workflow_id = workflow
    began = turns.hear("desk", "I moved to Oslo.", leading, leads=True, place="outermost")
    late = turns.hear_late("desk", ended("r1", "I moved to Oslo."), leading)
    assert (late.turn is began.turn, late.turn.words, late.turn.user) == (workflow is None, "I moved to Oslo.", "ada")
    another = turns.hear_late("desk", ended("r1", "I moved to Hull."), leading)
    assert (another.turn is late.turn, another.turn.words) == (False, "I moved to Hull.")


def test_a_run_whose_start_nobody_saw_and_that_another_made_tells_no_words_of_the_user() -> None:
    heard = Turns(Squad()).hear_late("clerk", ended("r2", "Find a flight.", parent_run_id="r1"), context("r2", "ada"))
    assert (heard.turn.words, heard.turn.user, heard.task) == ("", "ada", "Find a flight.")


def test_a_run_without_a_context_has_a_turn_of_nobodys() -> None:
    turns = Turns(Squad())
    assert turns.hear_late("clerk", ended("r1", "I moved to Oslo."), None).turn.user is None
    assert turns.hear_late("clerk", ended("r1", "I moved to Oslo.", parent_run_id="r0"), None).turn.user is None
    assert turns.hear("clerk", "I moved to Oslo.", None, leads=False, place="outermost").turn.user is None
    assert notes_of(None) == {}


def test_the_steps_of_a_workflow_hear_the_user_as_far_as_they_are_told_the_users_words() -> None:
    turns, step = Turns(Squad()), context("r1", "ada")
    step.workflow_id = "w"

    def told(words: str, place: Place = "outermost") -> tuple[str, str, bool]:
        heard = turns.hear("clerk", words, step, leads=False, place=place)
        return heard.turn.words, heard.task, heard.turn.over

    assert told("I moved to Oslo.") == ("I moved to Oslo.", "", False)
    assert told("I moved to Oslo.", "later") == ("I moved to Oslo.", "", False)
    assert told("Noted.", "later") == ("I moved to Oslo.", "Noted.", False)
    turns.hear("clerk", "I moved to Oslo.", step, leads=False, place="outermost").turn.outputs.add("Found.")
    assert told("Found.") == ("I moved to Oslo.", "Found.", False)
    assert told("I moved to Hull.") == ("I moved to Hull.", "", False)  # another run under the same id
    assert Turns(Squad()).hear("clerk", "Noted.", step, leads=False, place="later").turn.words == ""
