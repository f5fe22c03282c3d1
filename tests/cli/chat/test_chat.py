"""Talking with a team: real teams on the offline stand-in, through a pipe and line by line."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agno.agent import Agent

from hindsight_teams.audit import AuditEvent
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.cli.chat.partners import find
from hindsight_teams.cli.chat.talk import Conversation, Turn, TurnFailed, follow
from hindsight_teams.cli.stage import Watch
from hindsight_teams.errors import ConfigurationError, InvalidInput
from tests.cli.conftest import Cli, Outcome

MAPLE = "Please retain: the Maple pilot starts on 3 May 2027."
WHEN = "When does the Maple pilot start?"
TEAM = """
[team]
id = "desk"
[banks]
shared = "team"
customer = "user"
[members.desk]
shared = "full"
[members.clerk]
customer = "full"
"""


@pytest.fixture
def say(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives lines to a chat, as a pipe does."""

    def call(*lines: str, options: tuple[str, ...] = ("researcher_answerer", "--user", "ada")) -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return cli("chat", *options)

    return call


@pytest.fixture
def talk(home: Path, cli: Cli) -> Conversation:
    """A conversation with a recipe, in which every question is answered with yes."""
    backend, log = SQLiteBackend(home / "talk.db"), Watch()
    partner = find("researcher_answerer", model=None, backend=backend, watch=log)
    return Conversation(partner, backend, log, user="ada", confirm=lambda _: True)


def test_what_was_said_in_one_chat_is_answered_in_the_next(say: Any) -> None:
    assert "Retained 1 fact" in say(MAPLE).out
    answered = say(WHEN)
    assert answered.code == 0
    assert "3 May 2027" in answered.out
    assert "answerer  recall" in answered.out


def test_beside_an_answer_a_member_recalls_from_a_bank_once_and_not_in_vain(say: Any) -> None:
    answered = say("Remember that the Maple pilot starts on 3 May 2027.", "When does the Maple pilot start?").out
    assert answered.count("answerer  recall") == 1
    assert "0 memories" not in answered


def test_memory_shows_what_the_last_turn_recalled_and_retained(say: Any) -> None:
    shown = say(MAPLE, "/memory", WHEN, "/memory").out
    assert shown.count("the Maple pilot starts on 3 May 2027.") == 5  # retained, answered, recalled; put into two runs
    assert "researcher  retain" in shown
    assert "answerer  recall" in shown


def test_memory_shows_a_proposal_by_its_id_and_its_text(say: Any) -> None:
    squad = ("engineering_squad", "--user", "ada")
    said = say(
        "Coder, write in your notebook: the parser leaks file handles.",
        "Coder, propose for the decisions: the parser leaks file handles.",
        "/memory",
        options=squad,
    )
    assert "coder  propose → decisions" in said.out
    assert "    proposal " in said.out
    assert "parser leaks file handles" in said.out.rpartition("propose → decisions")[2]
    assert "no longer there" not in said.out


def test_memory_before_the_first_turn_says_so(say: Any) -> None:
    assert "Nothing was said yet" in say("/memory").out


def test_as_makes_another_user_with_a_session_of_its_own(talk: Conversation) -> None:
    before = talk.session
    talk.hear("/as grace")
    assert (talk.user, talk.session == before) == ("grace", False)
    talk.hear(MAPLE)
    assert {event.user for event in talk.turns[-1].events} == {"grace"}


def test_one_user_s_memory_is_not_the_other_s(say: Any) -> None:
    assistant = ("personal_assistant", "--user", "ada")
    say("Please retain: my cabin is 14.", options=assistant)
    assert "14" in say("Which cabin is mine?", options=assistant).out
    assert "14" not in say("/as grace", "Which cabin is mine?", options=assistant).out


def test_forget_takes_back_the_last_turn_alone(talk: Conversation) -> None:
    talk.hear("Please retain: the Oak pilot starts on 4 June 2027.")
    talk.hear(MAPLE)
    talk.hear("/forget")
    left = [memory.text for memory in talk.backend.list_memories("research-desk:shared").memories]
    assert left == ["the Oak pilot starts on 4 June 2027."]


def test_forget_all_takes_all_of_this_user_and_nobody_else(talk: Conversation) -> None:
    talk.hear(MAPLE)
    talk.hear("/as grace")
    talk.hear("Please retain: the Oak pilot starts on 4 June 2027.")
    talk.hear("/forget all")
    left = [memory.text for memory in talk.backend.list_memories("research-desk:shared").memories]
    assert left == ["the Maple pilot starts on 3 May 2027."]


def test_forget_deletes_nothing_where_nobody_can_answer(say: Any) -> None:
    said = say(MAPLE, "/forget").out
    assert "--yes" in said
    assert "Nothing was forgotten" in said
    assert "3 May 2027" in say(WHEN).out
    assert "1 memory forgotten" in say(MAPLE, "/forget", options=("researcher_answerer", "--yes")).out


def test_a_new_session_knows_nothing_but_what_memory_holds(talk: Conversation) -> None:
    talk.hear(MAPLE)
    before = talk.session
    talk.hear("/new")
    assert talk.session != before
    talk.hear(WHEN)
    assert "3 May 2027" in talk.turns[-1].answer


@pytest.mark.parametrize(
    ("line", "hint"), [("/memry", "/memory"), ("/as", "/as USER"), ("/forget yesterday", "/forget all")]
)
def test_a_command_that_is_wrong_is_told_and_the_chat_goes_on(say: Any, line: str, hint: str) -> None:
    told = say(line, MAPLE)
    assert hint in told.err
    assert told.err.count("\n") == 1
    assert "Retained 1 fact" in told.out
    assert told.code == 1


@pytest.mark.parametrize("line", ["/quit", "/quit now", "/exit"])
def test_quit_ends_it(say: Any, line: str) -> None:
    told = say(line, MAPLE)
    assert "Retained" not in told.out
    assert told.code == 0


def test_json_has_each_turn_with_its_memory_events(say: Any) -> None:
    turns = say(MAPLE, WHEN, options=("researcher_answerer", "--user", "ada", "--json")).json["turns"]
    assert [turn["said"] for turn in turns] == [MAPLE, WHEN]
    assert "3 May 2027" in turns[1]["answer"]
    calls = [[(event["member"], event["verb"]) for event in turn["memory"]] for turn in turns]
    put_in = ("research-desk", "recall")
    assert calls[0] == [put_in, ("researcher", "retain")]
    assert calls[1] == [put_in, ("answerer", "recall"), ("answerer", "recall")]  # into its run, and by its call


def test_a_project_of_one_s_own_is_found_in_its_folder(
    cli: Cli, say: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("new", "chat-desk", "--recipe", "researcher_answerer", "--yes").code == 0
    monkeypatch.setattr("sys.path", [*sys.path])
    assert "Retained 1 fact" in say(MAPLE, options=("chat-desk",)).out
    monkeypatch.chdir(home / "chat-desk")
    assert "3 May 2027" in say(WHEN, options=()).out


def test_a_team_toml_alone_is_a_team_to_talk_with(say: Any, home: Path) -> None:
    (home / "team.toml").write_text(TEAM)
    assert "Retained 1 fact" in say(MAPLE, options=("--user", "ada")).out
    assert "3 May 2027" in say(WHEN, options=("team.toml", "--user", "ada")).out


@pytest.mark.parametrize("name", ["team", "made"])
def test_a_team_by_import_shows_its_memory_too(
    say: Any, home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [*sys.path])
    module = f"own_{name}"
    (home / f"{module}.py").write_text(
        "from agno.agent import Agent\n"
        "from hindsight_teams import HindsightTools\n"
        "from hindsight_teams.testing import OfflineModel\n"
        "def made(model=None):\n"
        "    return Agent(id='own', model=model or OfflineModel(), tools=[HindsightTools(bank_id='mine')])\n"
        "team = made()\n"
    )
    shown = say(MAPLE, "/memory", WHEN, "/forget", options=(f"{module}:{name}",))
    assert "3 May 2027" in shown.out
    assert "retain" in shown.out
    assert "hindsight-teams forget" in shown.err


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (None, InvalidInput),
        ("researcher_answer", InvalidInput),
        ("my_team/team.tml", InvalidInput),
        ("team.toml", InvalidInput),
        ("no_such_module:team", ConfigurationError),
        ("json:dumps", ConfigurationError),
        ("json:nothing", ConfigurationError),
        ("builtins:dict", ConfigurationError),
    ],
)
def test_what_is_no_team_is_refused(what: str | None, error: type[Exception], home: Path) -> None:
    backend = SQLiteBackend(home / "none.db")
    with pytest.raises(error):
        find(what, model=None, backend=backend, watch=Watch())


@pytest.mark.parametrize(("name", "named"), [("tem", "did you mean 'team'?"), ("of_one", "'colour'")])
def test_a_team_by_import_that_can_t_be_had_names_what_is_wrong(
    home: Path, name: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [*sys.path])
    (home / "misnamed.py").write_text("def team(): ...\ndef of_one(colour): ...\n")
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        find(f"misnamed:{name}", model=None, backend=SQLiteBackend(home / "none.db"), watch=Watch())


def test_a_run_that_fails_is_an_error_with_its_reason(talk: Conversation, capsys: pytest.CaptureFixture[str]) -> None:
    class Failing:
        id = "failing"

        def run(self, *_: Any, **__: Any) -> Any:
            return iter([type("Event", (), {"event": "RunError", "content": "no such model"})()])

    with pytest.raises(TurnFailed):
        follow(Failing(), Turn("hello", "ada"), Watch(), session="s", on_text=print, on_event=print)


def test_a_chat_in_a_pipe_says_that_no_model_answers(say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    answered = say("Hello.", options=("researcher_answerer", "--model", "openai:gpt-5-mini"))
    assert "OPENAI_API_KEY is not set" in answered.err
    assert say("Hello.").err == ""


def test_what_a_terminal_would_obey_is_shown_instead(capsys: pytest.CaptureFixture[str], talk: Conversation) -> None:
    talk.hear("Please retain: the \x1b]0;title\x07 pilot \x1b[31mis red.")
    talk.hear("/memory")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed


def test_a_long_answer_folds_between_words(
    monkeypatch: pytest.MonkeyPatch, talk: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    class Talker:
        id = "talker"

        def run(self, *_: Any, **__: Any) -> Any:
            words = "harbour " * 30
            pieces = [words[n : n + 5] for n in range(0, len(words), 5)]
            return iter([type("E", (), {"event": "RunContent", "agent_id": "talker", "content": p})() for p in pieces])

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    talk.partner = replace(talk.partner, runner=Talker())  # type: ignore[arg-type]
    talk.hear("hello")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert {word for line in lines for word in line.split()} == {"harbour"}


def test_the_events_of_a_turn_are_taken_once() -> None:
    log = Watch()
    log.record(AuditEvent(verb="recall", outcome="allowed"))
    assert len(log.take()) == 1
    assert log.take() == []


def test_an_agent_remembers_the_session_while_the_chat_lasts() -> None:
    from hindsight_teams.cli.chat import remember_the_session

    agent = Agent(id="clerk")
    remember_the_session(agent)
    assert agent.add_history_to_context
    assert agent.db is not None
