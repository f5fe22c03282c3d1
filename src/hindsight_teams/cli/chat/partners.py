"""The team that a chat talks with: a recipe, a project, a team.toml, or a team that is imported by name."""

from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from agno.agent import Agent
from agno.team import Team

from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.agno.equipping import parts_of
from hindsight_teams.agno.toolkit import HindsightTools
from hindsight_teams.audit import AuditSink, AuditTrail
from hindsight_teams.cli.options import find_team_file
from hindsight_teams.cli.play import Chosen, choose_model
from hindsight_teams.errors import ConfigurationError, InvalidInput, did_you_mean
from hindsight_teams.memory.team import TeamMemory

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend

Runner: TypeAlias = Agent | Team


@dataclass(frozen=True, slots=True)
class Partner:
    """A team that is ready to talk.

    Attributes:
        title: What it is, for people.
        runner: The equipped team or agent.
        memory: Its memory; None for a team that was built elsewhere and brought its own.
        model: What it runs on; None where the team decides.
    """

    title: str
    runner: Runner
    memory: TeamMemory | None
    model: Chosen | None


def find(what: str | None, *, model: str | None, backend: Backend, watch: AuditSink) -> Partner:
    """The team that a word on the command line means.

    Args:
        what: A recipe's name, a folder or team.toml, or ``module:name``; the current project when None.
        model: An Agno model string; the project's own choice, or the offline stand-in, when None.
        backend: Where the banks live.
        watch: Gets every event of the team's memory, besides the usual audit.

    Raises:
        InvalidInput: Nothing of that name.
        ConfigurationError: It can't be imported, or is not a team.
    """
    if what is not None and ":" in what and not Path(what).exists():
        return _imported(what, model, backend, watch)
    if what is not None and not Path(what).exists():
        if Path(what).name != what or what.endswith(".toml"):
            raise InvalidInput(f"there is no file or folder {what!r}; `recipes list` shows the recipes")
        return _recipe(what, model, backend, watch)
    file = find_team_file(None if what is None else Path(what))
    if what is None and not file.exists():
        raise InvalidInput(
            "there is no project here to talk with; name a recipe (`recipes list` shows them), a folder, or module:name"
        )
    if (file.parent / "team.py").exists() and (file.parent / "__init__.py").exists():
        return _project(file.parent.resolve(), model, backend, watch)
    return _plain(file, model, backend, watch)


def _recipe(name: str, model: str | None, backend: Backend, watch: AuditSink) -> Partner:
    from hindsight_recipes import get_recipe

    recipe, chosen = get_recipe(name), choose_model(model)
    memory = _watched(recipe.memory(backend=backend), watch)
    return Partner(recipe.title, recipe.team(chosen.model, memory), memory, chosen)


def _project(package: Path, model: str | None, backend: Backend, watch: AuditSink) -> Partner:
    """A project as ``new`` makes it: a package with ``team.py``, and its own choice of model in ``settings.py``."""
    module = _import(f"{package.name}.team", package.parent)
    if model is None and (package / "settings.py").exists():
        settings = _import(f"{package.name}.settings", package.parent)
        settings.load_environment()
        model = settings.model()
    chosen = choose_model(model)
    memory = _watched(module.shared_memory(backend=backend), watch)
    return Partner(package.name, module.team(model=chosen.model, memory=memory), memory, chosen)


def _plain(file: Path, model: str | None, backend: Backend, watch: AuditSink) -> Partner:
    """A team.toml without code: an agent for each member, and a leader that passes on what is said."""
    definition, chosen = TeamDefinition.from_file(file), choose_model(model)
    memory = _watched(TeamMemory.of(definition, backend=backend), watch)
    members: list[Any] = [
        Agent(id=member, name=member, model=chosen.model, role=_role(definition, member))
        for member in definition.grants
        if member != definition.team_id
    ]
    team = Team(
        id=definition.team_id, name=definition.team_id, model=chosen.model, members=members,
        add_member_tools_to_context=True,
    )  # fmt: skip
    return Partner(definition.team_id, memory.equip(team), memory, chosen)


def _role(definition: TeamDefinition, member: str) -> str:
    can = [f"{' and '.join(g.access.verbs)} in {g.bank.name}" for g in definition.grants_of(member) if g.access]
    return f"May {', '.join(can)}" if can else "Holds no memory"


def _imported(what: str, model: str | None, backend: Backend, watch: AuditSink) -> Partner:
    name, _, attribute = what.partition(":")
    module = _import(name, Path.cwd())
    if not hasattr(module, attribute):
        known = [
            word
            for word, value in vars(module).items()
            if isinstance(value, Agent | Team) or getattr(value, "__module__", None) == module.__name__
        ]
        raise ConfigurationError(f"{name!r} has no {attribute!r}; {did_you_mean(attribute, known)}")
    made: Any = getattr(module, attribute)
    memory, chosen = None, None
    if callable(made) and not isinstance(made, Agent | Team):
        given: dict[str, Any] = {}
        try:
            signature = inspect.signature(made)
            if "model" in signature.parameters:
                chosen = choose_model(model)
                given["model"] = chosen.model
            if "memory" in signature.parameters and hasattr(module, "shared_memory"):
                memory = _watched(module.shared_memory(backend=backend), watch)
                given["memory"] = memory
            signature.bind(**given)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{what!r} can't be called: {error}; name a team, or a function that needs only 'model' and 'memory'"
            ) from None
        made = made(**given)
    if not isinstance(made, Agent | Team):
        raise ConfigurationError(f"{what!r} is neither an Agno Team or Agent, nor a function that gives one")
    if memory is None:
        tools = [tool for part in parts_of(made) if isinstance(part.tools, list) for tool in part.tools]
        for toolkit in (tool for tool in tools if isinstance(tool, HindsightTools)):
            own = toolkit.memory.audit
            toolkit.memory.audit = watch if own is None else AuditTrail(watch, own)
    return Partner(what, made, memory, chosen)


def _watched(memory: TeamMemory, watch: AuditSink) -> TeamMemory:
    memory.audit = AuditTrail(watch, memory.audit)
    return memory


def _import(name: str, folder: Path) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(f"{name!r} can't be imported: {error}") from error
