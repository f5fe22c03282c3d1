"""Choose a command's model, and play a recipe: each phase in its own process, so that only memory connects them."""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from hindsight_teams.audit import AuditTrail
from hindsight_teams.cli.failing import FAILED, tracebacks
from hindsight_teams.cli.output import console, glyph, print_json, say
from hindsight_teams.cli.stage import Played, Watch, facts_kept, perform, show_outcome
from hindsight_teams.errors import ConfigurationError, HindsightTeamsError, InvalidInput

if TYPE_CHECKING:
    from agno.models.base import Model

    from hindsight_recipes import Recipe, RecipeOptions
    from hindsight_teams.backends.base import MemoryBackend


OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model, and what to tell people about it."""

    model: Model
    name: str
    offline: bool
    notice: str


def choose_model(wanted: str | None) -> Chosen:
    """The model of an Agno model string such as ``openai:gpt-5-mini``; the stand-in without one, or without its key.

    Raises:
        InvalidInput: Not a model string, or a provider that Agno does not know.
        ConfigurationError: There is a key, but the provider's package is not installed.
    """
    if wanted is None or wanted == OFFLINE:
        return _stand_in("No language model: an offline stand-in plays the members by fixed rules.")
    from agno.exceptions import ModelAuthenticationError
    from agno.models.utils import get_model

    try:
        model = get_model(wanted)
    except ImportError as error:
        if (key := _key(wanted)) and not os.environ.get(key):
            return _without_key(wanted)
        raise ConfigurationError(f"the model {wanted!r} needs a package that is not installed: {error}") from error
    except ValueError as error:
        raise InvalidInput(
            f"{wanted!r} is not a model string; write PROVIDER:MODEL, as in openai:gpt-5-mini ({error})"
        ) from None
    if model is None:
        raise InvalidInput(f"{wanted!r} is not a model string; write PROVIDER:MODEL, as in openai:gpt-5-mini")
    try:
        connect = getattr(model, "get_client", None)
        if connect is not None:
            connect()
    except ModelAuthenticationError:
        return _without_key(wanted)
    return Chosen(model, wanted, offline=False, notice=f"Model: {wanted}")


def _key(wanted: str) -> str | None:
    from hindsight_teams.cli.scaffold.answers import parse_model

    return parse_model(wanted.lower()).key


def _without_key(wanted: str) -> Chosen:
    key = _key(wanted)
    unset = f" ({key} is not set)" if key and not os.environ.get(key) else ""
    return _stand_in(f"No API key for {wanted}{unset}: an offline stand-in plays the members by fixed rules.")


def _stand_in(notice: str) -> Chosen:
    from hindsight_teams.testing import OfflineModel

    return Chosen(OfflineModel(), OFFLINE, offline=True, notice=notice)


class PhaseFailed(HindsightTeamsError):
    """A phase that ran in another process failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How a script is played.

    Attributes:
        model: An Agno model string; None for the stand-in.
        db: A database file.
        url: A Hindsight server.
        scratch: Whether the file is made for this one time: nothing of it goes into the user's audit log.
        as_json: Print one JSON object instead of text.
        brief: Show the steps that the recipe follows in full, and of the others one line each.
    """

    model: str | None
    db: Path | None
    url: str | None
    scratch: bool = False
    as_json: bool = False
    brief: bool = False


def play(recipe: Recipe, how: Staging) -> int:
    """Play the whole script; the exit code.

    The first phase runs here, each later one in a new process. The stand-in must answer as the script expects; a
    language model words its answers in its own way, so there a missing word is only shown.
    """
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.access import plain, render

    definition = TeamDefinition.from_file(recipe.team_toml)
    chosen = choose_model(how.model)
    if how.db is None and how.url is None:
        # A file of its own for each run: repeatable, and apart from the user's real memory.
        how = replace(how, db=Path(tempfile.mkdtemp(prefix="hindsight-teams-")) / "memory.db", scratch=True)
    place = how.url or str(how.db)
    if not how.as_json:
        screen = console()
        say((recipe.title, "bold"), (f"  {recipe.name}", "dim"))
        say()
        screen.print(recipe.summary.strip())
        screen.print(render(definition, screen.width))
        say((chosen.notice, "yellow" if chosen.offline else "dim"))
        say(("Memory: ", "dim"), (place, "dim"))
    first, *later = recipe.phases
    phases = [play_phase(recipe, first, how, chosen), *(_in_new_process(recipe, phase, how) for phase in later)]
    failed = any(step["problems"] for phase in phases for step in phase["steps"])
    if how.as_json:
        print_json(
            {
                "recipe": recipe.name,
                "model": chosen.name,
                "offline": chosen.offline,
                "memory": place,
                "access": plain(definition),
                "phases": phases,
                "as_expected": not failed,
            }
        )
    else:
        _farewell(recipe, phases, "--url" if how.url else "--db", place, brief=how.brief)
    return FAILED if failed and chosen.offline else 0


def play_phase(recipe: Recipe, phase: str, how: Staging, model: Chosen) -> dict[str, Any]:
    """Play one phase in this process."""
    from hindsight_teams.backends.select import open_backend

    played: list[Played] = []
    passed_over: list[Played] = []
    if not how.as_json:
        say()
        say((f" {phase} ", "reverse"), (f"  process {os.getpid()}", "dim"))
    with quiet_agno(), closing(open_backend(db=how.db, hindsight_api_url=how.url)) as backend:
        for number, step in enumerate(recipe.script, 1):
            if step.phase == phase:
                watch = Watch()
                team = watched_team(recipe, model, backend, watch, audited=not how.scratch, **step.options)
                events = team.run(
                    step.prompt,
                    user_id=step.user_id,
                    session_id=f"{recipe.name}-{number}",  # its own, so that nothing but memory connects two steps
                    stream=True,
                    stream_events=True,
                )
                in_full = not how.brief or not recipe.followed or step.title in recipe.followed
                played.append(perform(step, iter(events), watch, silent=how.as_json or not in_full))
                checked = bool(step.expect or step.forbid)
                if not (how.as_json or in_full) and (checked or not model.offline):  # a language model takes its time
                    show_outcome(played[-1], checked=checked)
                elif not (how.as_json or in_full):
                    passed_over.append(played[-1])
        if passed_over:
            say("  ", (f"{glyph('more')} and {len(passed_over)} more notes, {facts_kept(*passed_over)} facts", "dim"))
    return {"phase": phase, "pid": os.getpid(), "steps": [asdict(step) for step in played]}


def watched_team(
    recipe: Recipe,
    model: Chosen,
    backend: MemoryBackend,
    watch: Watch,
    *,
    audited: bool = True,
    **options: Unpack[RecipeOptions],
) -> Any:
    """The recipe's team, with what its memory records shown to the stage."""
    memory = recipe.memory(backend=backend, **options)
    memory.audit = AuditTrail(watch, memory.audit) if audited else watch
    return recipe.team(model.model, memory, **options)


def _in_new_process(recipe: Recipe, phase: str, how: Staging) -> dict[str, Any]:
    """Play one phase in a new Python process that writes to this terminal, and report what happened there."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "hindsight_teams.cli"] + (["--debug"] if tracebacks() else [])
        command += ["run", recipe.name, "--phase", phase, "--report", str(report)]
        command += ["--scratch"] if how.scratch else []
        command += ["--brief"] if how.brief else []
        command += ["--json"] if how.as_json else []
        command += ["--model", how.model] if how.model else []
        command += ["--url", how.url] if how.url else ["--db", str(how.db)]
        sys.stdout.flush()
        code = subprocess.run(command, check=False).returncode
        if code or not report.exists():
            raise PhaseFailed(f"the phase {phase!r} failed in its own process", exit_code=code)
        phase_report: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return phase_report


def _farewell(recipe: Recipe, phases: list[dict[str, Any]], option: str, place: str, *, brief: bool) -> None:
    steps = [step for phase in phases for step in phase["steps"]]
    calls = [call for step in steps for call in step["calls"]]
    wrote = sum(call["verb"] == "retain" and call["outcome"] == "allowed" for call in calls)
    read = sum(call["verb"] in ("recall", "reflect") and call["outcome"] == "allowed" for call in calls)
    problems = sum(bool(step["problems"]) for step in steps)
    checked = sum(bool(step.expect or step.forbid) for step in recipe.script)
    say()
    verdict, sign, style = f"{checked - problems} of {checked} answers are as expected.", "ok", "green"
    if problems:
        sign, style = "bad", "red"
    say((f"{glyph(sign)} {verdict}", style))
    if len(phases) > 1:
        say((f"{len(phases)} processes shared nothing but the memory: {wrote} writes, {read} reads.", "dim"))
    else:
        say((f"{wrote} writes to memory, {read} reads.", "dim"))
    say()
    for command, purpose in (
        (f"hindsight-teams bank list {option} {shlex.quote(place)}", "what it holds now"),
        *([("hindsight-teams demo --full", "every call")] if brief else []),
        (f"hindsight-teams new my-team --recipe {recipe.name}", "makes it yours"),
    ):
        if len(command) + len(purpose) <= 74:  # both on one line of 80 columns
            say("  ", (command, "cyan"), (f"   {purpose}", "dim"))
        else:
            say("  ", (command, "cyan"))
            say((f"    {purpose}", "dim"))


@contextmanager
def quiet_agno() -> Iterator[None]:
    """Keep Agno's own log lines out of the picture: what fails is shown where it happens."""
    loggers = [] if tracebacks() else [logging.getLogger(name) for name in ("agno", "agno-team", "agno-workflow")]
    for logger in loggers:
        logger.disabled = True  # a level would not do: Agno sets it anew at each run
    try:
        yield
    finally:
        for logger in loggers:
            logger.disabled = False
