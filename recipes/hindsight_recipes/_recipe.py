"""Recipe: a folder with a team, its rights, its data, and a script that shows what the team remembers.

The folder of a recipe holds

    team.py        ``shared_memory(backend=None, **options) -> TeamMemory`` and
                   ``team(model=None, memory=None, **options) -> Team``; self-contained, yours to copy
    team.toml      the banks, and who may do what on which
    script.toml    title, summary, one fact to follow, and the steps that ``hindsight-teams demo`` and ``run`` play
    data/          the notes that the steps retain
    README.md

Reading a recipe imports no framework; only ``team``, ``memory`` and ``play`` import Agno.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

if TYPE_CHECKING:
    from agno.agent import Agent
    from agno.models.base import Model
    from agno.team import Team

    from hindsight_teams.backends.base import MemoryBackend
    from hindsight_teams.memory.team import TeamMemory


@dataclass(frozen=True, slots=True)
class Note:
    """One document of a recipe's data set: a title, a few ``Name: value`` lines, and the facts.

    Attributes:
        fields: The ``Name: value`` lines under the title, with lower-case names: date, source, people, ...
        facts: The bullets, one fact each.
        text: The whole file.
    """

    path: Path
    title: str
    fields: Mapping[str, str]
    facts: tuple[str, ...]
    text: str

    @classmethod
    def read(cls, path: Path) -> Note:
        """A note from a Markdown file."""
        text = path.read_text(encoding="utf-8")
        head, _, body = text.partition("\n- ")
        title = next((line[2:].strip() for line in head.splitlines() if line.startswith("# ")), path.stem)
        fields = {m[1].lower(): m[2].strip() for m in re.finditer(r"^([A-Z][a-z]+): (.+)$", head, re.M)}
        bullets = [" ".join(fact.split()) for fact in body.split("\n- ")] if body else []
        return cls(path, title, fields, tuple(bullets), text)


class RecipeOptions(TypedDict, total=False):
    """Options that single recipes take; see the recipe's README.

    ``project`` names the project whose room the members of the project room enter.
    """

    project: str


@dataclass(frozen=True, slots=True)
class Step:
    """One prompt of a recipe's script.

    Attributes:
        phase: Steps of different phases may run in different processes: only memory connects them.
        prompt: What the team is asked, the note's text included.
        title: A caption: the note's title, or the prompt itself where there is no note.
        user_id: On whose behalf it is asked.
        expect: Strings that the answer must hold, whatever the case of letters.
        forbid: Strings that it must not hold, because the caller has no right to them.
        options: Keyword arguments of ``team()`` for this step.
    """

    phase: str
    prompt: str
    title: str
    user_id: str | None = None
    expect: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    options: RecipeOptions = field(default_factory=RecipeOptions)

    def problems(self, answer: str) -> list[str]:
        """What is wrong with an answer: empty when it is as expected."""
        heard = answer.casefold()
        missing = [f"missing {text!r}" for text in self.expect if text.casefold() not in heard]
        return missing + [f"holds {text!r}" for text in self.forbid if text.casefold() in heard]


@dataclass(frozen=True)
class Recipe:
    """A ready team with the data and the script that show it at work.

    Attributes:
        name: The package's name, such as ``researcher_answerer``.
        folder: Where its files lie.
    """

    name: str
    folder: Path

    @property
    def title(self) -> str:
        """A few words for a list."""
        return str(self._script["title"])

    @property
    def summary(self) -> str:
        """One or two sentences: what the team does, and what its rights hold apart."""
        return str(self._script["summary"])

    @property
    def team_toml(self) -> Path:
        """The banks and grants."""
        return self.folder / "team.toml"

    @property
    def readme(self) -> Path:
        """The recipe's own page."""
        return self.folder / "README.md"

    @property
    def data_files(self) -> list[Path]:
        """The files of the data set, by name."""
        return sorted((self.folder / "data").glob("*.md"))

    def load_data(self) -> list[Note]:
        """The notes of the data set, by file name."""
        return [Note.read(path) for path in self.data_files]

    @property
    def script(self) -> list[Step]:
        """All steps, in order."""
        return [step for raw in self._script["steps"] for step in self._steps(raw)]

    @property
    def phases(self) -> list[str]:
        """The phases of the script, in order."""
        return list(dict.fromkeys(step.phase for step in self.script))

    @property
    def questions(self) -> list[Step]:
        """The steps whose answers can be checked."""
        return [step for step in self.script if step.expect or step.forbid]

    @property
    def followed(self) -> frozenset[str]:
        """The titles of the steps of one fact's way; empty where the script names none."""
        return frozenset(self._script.get("follow", ()))

    def memory(self, *, backend: MemoryBackend | None = None, **options: Unpack[RecipeOptions]) -> TeamMemory:
        """The memory that ``team.toml`` declares.

        Args:
            backend: None for the one that the settings choose.
            **options: The recipe's own, see its README.
        """
        memory: TeamMemory = self._module.shared_memory(backend=backend, **options)
        return memory

    def team(
        self, model: Model | str | None = None, memory: TeamMemory | None = None, **options: Unpack[RecipeOptions]
    ) -> Team:
        """The team, equipped with its memory.

        Args:
            model: An Agno model or model string for every member; None for the offline stand-in.
            memory: None for ``self.memory(**options)``.
            **options: The recipe's own, see its README.
        """
        team: Team = self._module.team(model=model, memory=memory, **options)
        return team

    def play(
        self,
        phases: Iterable[str] | None = None,
        *,
        model: Model | str | None = None,
        backend: MemoryBackend | None = None,
    ) -> Iterator[tuple[Step, Iterator[Any]]]:
        """Run the script, or some phases of it, and hand out what happens while it happens.

        Args:
            phases: None for all.
            model: As for ``team``.
            backend: As for ``memory``; one that is given stays open, one that is opened here is closed at the end.

        Yields:
            Each step with its Agno run events (``ToolCallStarted``, ``ToolCallCompleted``, ...; team events have the
            prefix ``Team``). Read the events to their end before the next step; the last one's ``content`` is the
            answer. Every step is a session of its own, so that nothing but memory can connect two of them.
        """
        wanted = None if phases is None else set(phases)
        with ExitStack() as opened:
            runners: dict[str, Agent | Team] = {}
            for number, step in enumerate(self.script, 1):
                if wanted is not None and step.phase not in wanted:
                    continue
                key = repr(sorted(step.options.items()))
                if key not in runners:
                    memory = self.memory(backend=backend, **step.options)
                    if backend is None:
                        opened.enter_context(memory)
                    runners[key] = self._runner(model=model, memory=memory, **step.options)
                session = f"{self.name}-{number}"
                events = runners[key].run(
                    step.prompt, user_id=step.user_id, session_id=session, stream=True, stream_events=True
                )
                yield step, iter(events)

    @property
    def _module(self) -> Any:
        return import_module(f"hindsight_recipes.{self.name}")

    @property
    def _runner(self) -> Callable[..., Agent | Team]:
        """What plays the script: the recipe's single agent where it has one, else its team."""
        runner: Callable[..., Agent | Team] = getattr(self._module, "agent", None) or self._module.team
        return runner

    @cached_property
    def _script(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "script.toml").read_text(encoding="utf-8"))

    def _steps(self, raw: Mapping[str, Any]) -> Iterator[Step]:
        prompt = str(raw.get("prompt", ""))
        whole = Step(
            phase=raw["phase"],
            prompt=prompt,
            title=prompt,
            user_id=raw.get("user"),
            expect=tuple(raw.get("expect", ())),
            forbid=tuple(raw.get("forbid", ())),
            options=raw.get("options", {}),
        )
        for pattern in ("notes", "facts"):
            if pattern in raw:
                for path in sorted((self.folder / "data").glob(raw[pattern])):
                    yield from _told(whole, Note.read(path), by_fact=pattern == "facts")
                return
        yield whole


def _told(step: Step, note: Note, *, by_fact: bool) -> Iterator[Step]:
    """A step that tells a whole note, or one step for each of its facts."""
    if by_fact:
        for fact in note.facts:
            yield replace(step, prompt=f"{step.prompt} {fact}".strip(), title=fact)
    else:
        yield replace(step, prompt=f"{step.prompt}\n\n{note.text}", title=note.title)
