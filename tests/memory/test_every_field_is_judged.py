"""No text that a member chooses reaches a backend before the guard has seen it, whichever way it takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from agno.db.schemas import UserMemory
from agno.models.message import Message
from agno.run.base import RunContext

from hindsight_teams import Caller, SQLiteBackend, TeamMemory
from hindsight_teams.agno.learning_store import HindsightLearningStore
from hindsight_teams.agno.memory_manager import HindsightMemoryManager
from hindsight_teams.agno.review_tools import ProposalTools
from hindsight_teams.backends.base import DelegatingBackend
from hindsight_teams.errors import Unsupported
from hindsight_teams.guard import Guard, Verdict, WriteAttempt
from hindsight_teams.ingest.files import find_files
from hindsight_teams.memory.envelopes import unseal
from hindsight_teams.memory.ingesting import Ingestion, MemberDestination, ReviewDestination
from hindsight_teams.models import RetainItem
from hindsight_teams.requests import EnsureBank, RenameBank, Request, Restore, Retain
from tests.memory.team_fixtures import BankByBank

PREFIX = "zq"
USER, SESSION, RUN = (f"{PREFIX} {name} with words" for name in ("user", "session", "run"))
CALLER = Caller(user=USER, session=SESSION, run=RUN)
FIELDS: dict[str, Any] = {
    "context": f"{PREFIX}-context",
    "tags": [f"{PREFIX}-tag"],
    "metadata": {f"{PREFIX}-key": f"{PREFIX}-value"},
    "document_id": f"{PREFIX}-document",
    "entities": [f"{PREFIX}-entity"],
}
CONTENT = f"The {PREFIX}-content is here."


class Watch:
    """A guard that keeps what it is shown, and a backend's requests that keep what they store."""

    def __init__(self, action: Any) -> None:
        self.action = action
        self.seen: list[str] = []
        self.stored: list[str] = []

    def check(self, attempt: WriteAttempt) -> Verdict:
        """See all texts of a write."""
        self.seen += attempt.texts()
        return Verdict(self.action, reason="a test")

    def unjudged(self) -> list[str]:
        """Stored texts of a member's that no check saw."""
        everything = "\n".join(self.seen)
        return [text for text in self.stored if PREFIX in text and text not in everything]


class Watched(DelegatingBackend):
    """Hands requests on and keeps the texts of each retain, those inside of envelopes too."""

    def __init__(self, backend: Any, watch: Watch) -> None:
        super().__init__(backend)
        self.watch = watch

    def execute(self, request: Request[Any], /) -> Any:
        self._keep(request)
        return super().execute(request)

    async def aexecute(self, request: Request[Any], /) -> Any:
        self._keep(request)
        return await super().aexecute(request)

    def _keep(self, request: Request[Any]) -> None:
        for item in request.items if isinstance(request, Retain) else ():
            opened = unseal(item.metadata or {})
            self.watch.stored += leaves(asdict(item if opened is None else opened.item))
            if opened is not None:
                self.watch.stored.append(opened.reason.rpartition("]")[2].strip())


def leaves(value: Any) -> list[str]:
    """The texts in a value, without a tag's prefix and the digests and copies that a signature makes of them."""
    if isinstance(value, str):
        return [] if value.split(":")[0] in ("tagset", "user", "session", "run") else [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in leaves(part)]
    return [text for part in value for text in leaves(part)] if isinstance(value, list | tuple) else []


@pytest.fixture(params=["allow", "quarantine"])
def watch(request: pytest.FixtureRequest) -> Watch:
    return Watch(request.param)


@pytest.fixture(params=["file", "bank by bank"])
def team(request: pytest.FixtureRequest, backend: SQLiteBackend, watch: Watch) -> TeamMemory:
    inner = backend if request.param == "file" else BankByBank(backend)
    return TeamMemory(
        "desk",
        banks={"shared": "team", "own": "user"},
        members={"clerk": {"shared": "full", "own": "full"}},
        proposers=["clerk"],
        curators=["clerk"],
        backend=Watched(inner, watch),
        guard=Guard([watch.check]),
    )


def item() -> RetainItem:
    return RetainItem(CONTENT, **FIELDS)


def by_files(destination: Callable[[TeamMemory], Any]) -> Callable[[TeamMemory, Path], object]:
    def write(team: TeamMemory, path: Path) -> object:
        (path / f"{PREFIX}-name.md").write_text(f"# {PREFIX}-title\n\nThe {PREFIX}-body is here.")
        (path / f"{PREFIX}-mail.json").write_text(json.dumps([{"author": f"{PREFIX}-who", "text": f"{PREFIX}-said"}]))
        return list(Ingestion(destination(team)).run(find_files([path])))

    return write


def propose(team: TeamMemory, path: Path) -> object:
    member, reason = team.member("clerk"), f"{PREFIX}-reason"
    member.retain(CONTENT, bank="own", caller=CALLER, **FIELDS)
    stored = member.recall(CONTENT, banks=["own"], caller=CALLER).results
    if not stored:  # the guard held it back
        return None
    tools = ProposalTools(team.proposals("clerk"))
    context = RunContext(run_id=RUN, session_id=SESSION, user_id=USER)
    return tools.propose_memory(context, memory=stored[0].text, bank="shared", reason=reason)


def learn(team: TeamMemory, path: Path) -> object:
    store = HindsightLearningStore(memory=team.member("clerk"), bank="own")
    said = [Message(role="user", content=f"I like {PREFIX}-tea.")]
    store.process(said, user_id=USER, session_id=SESSION)
    return store


def manage(team: TeamMemory, path: Path) -> object:
    manager = HindsightMemoryManager(memory=team.member("clerk"), bank="own")
    memory = UserMemory(memory=f"Likes {PREFIX}-tea.", topics=[f"{PREFIX}-topic"], memory_id=f"{PREFIX}-id")
    manager.add_user_memory(memory, USER)
    manager.replace_user_memory(f"{PREFIX}-id", UserMemory(memory=f"Likes {PREFIX}-coffee."), USER)
    return manager.update_memory_task(f"Remember that I hate {PREFIX}-cola.", USER)


WRITERS: dict[str, Callable[[TeamMemory, Path], object]] = {
    "retain": lambda team, _: team.member("clerk").retain(CONTENT, bank="own", caller=CALLER, **FIELDS),
    "append": lambda team, _: team.member("clerk").retain(CONTENT, bank="own", caller=CALLER, append=True, **FIELDS),
    "aretain": lambda team, _: asyncio.run(team.member("clerk").aretain(CONTENT, bank="own", caller=CALLER, **FIELDS)),
    "execute": lambda team, _: team.member("clerk").execute(Retain(items=[item()]), banks=["own"], caller=CALLER),
    "retain_many": lambda team, _: team.member("clerk").retain_many([item()], bank="own", caller=CALLER),
    "propose_many": lambda team, _: team.proposals("clerk").propose_many(
        [item()], to="shared", reason=f"{PREFIX}-reason", caller=CALLER
    ),
    "propose": propose,
    "retain_memory": lambda team, _: (
        team.tools("clerk")
        .functions["retain_memory"]
        .entrypoint(  # type: ignore[misc]
            RunContext(run_id=RUN, session_id=SESSION, user_id=USER), content=CONTENT, bank="own"
        )
    ),
    "files into a bank": by_files(
        lambda team: MemberDestination(team.backend, "desk:shared", team.member("clerk"), "shared")
    ),
    "files into review": by_files(lambda team: ReviewDestination(team.proposals("clerk"), "shared")),
    "learning store": learn,
    "memory manager": manage,
}


@pytest.mark.parametrize("way", WRITERS)
def test_whatever_is_stored_was_judged(team: TeamMemory, watch: Watch, tmp_path: Path, way: str) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    WRITERS[way](team, folder)
    assert any(PREFIX in text for text in watch.stored)
    assert watch.unjudged() == []


@pytest.mark.parametrize("way", ["retain", "propose_many"])
def test_an_approval_stores_what_was_judged_and_nothing_else(
    team: TeamMemory, watch: Watch, tmp_path: Path, way: str
) -> None:
    WRITERS[way](team, tmp_path)
    for waiting in team.reviews().pending():
        team.reviews().approve(waiting.id)
    assert watch.unjudged() == []


@pytest.mark.parametrize(
    "request_",
    [EnsureBank(bank="b", name="n"), RenameBank(bank="a", to="b"), Restore(bank="b", records=[])],
    ids=lambda request: request.verb,
)
def test_a_member_stores_by_no_other_request(team: TeamMemory, request_: Request[Any]) -> None:
    with pytest.raises(Unsupported, match=request_.verb):
        team.member("clerk").execute(request_)
