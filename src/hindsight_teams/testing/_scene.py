"""The input of the offline stand-in: the task, the tools and their results, memories, the members; and curation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agno.models.message import Message

from hindsight_teams.memory.rendering import unfenced
from hindsight_teams.testing._text import (
    bearing_on,
    blocks,
    command,
    facts,
    is_personal,
    memory_lines,
    named_first,
    stems,
    unaddressed,
    unlabelled,
    without_blocks,
    words,
)
from hindsight_teams.testing.scripted import Request, ToolCall, text_of

RETAIN, RECALL, REFLECT = "retain_memory", "recall_memory", "reflect_on_memory"

_ROSTER = re.compile(r"<team_members>\n(.*?)</team_members>", re.S)
_MEMBER = re.compile(r'^<member id="([^"]*)" name="([^"]*)"[^>]*>\n(.*?)^</member>$', re.S | re.M)
_TOOLS = re.compile(r"^\s*Tools: (.*)$", re.M)
_WRITING = stems("retain store record write collect remember save research researcher editor scribe archivist")
_READING = stems("recall reflect answer judge search look support adviser analyst reader consult review")


@dataclass(frozen=True, slots=True)
class Member:
    """One member that the leader may delegate to.

    Attributes:
        text: All that the roster says of it, its own members included.
    """

    id: str
    name: str
    text: str

    @property
    def tools(self) -> str:
        """The names of its tools; empty where the roster lists none."""
        return ", ".join(_TOOLS.findall(self.text))

    def can(self, *, write: bool) -> bool:
        """Whether it can write memory, or read it: by its tools where they are listed, else by its description."""
        if listed := self.tools:
            return RETAIN in listed if write else RECALL in listed or REFLECT in listed
        return bool(stems(f"{self.id} {self.text}") & (_WRITING if write else _READING))


def read_roster(system: str) -> list[Member]:
    """The members to whom a leader can delegate; nested ones belong to the text of their team."""
    roster = _ROSTER.search(system)
    return [Member(*found) for found in _MEMBER.findall(roster.group(1))] if roster else []


def called_by_name(members: Sequence[Member], request: str) -> Member | None:
    """The member that a request begins with the name of."""
    for member in members:
        if re.match(rf"\W*(?:(?:ask|tell|let|have)\s+)?(?:the\s+)?(?:{_names(member)})\b", request, re.I):
            return member
    return None


def choose(members: Sequence[Member], request: str, *, write: bool, guess: bool = True) -> Member | None:
    """The member for a request, or None when no member is able to and none is called by name.

    One that the request calls by name comes first, then those that can write (for a statement) or read (for a
    question), the nearest in words before the others. What people say of themselves goes to a member that can answer
    them too, rather than to one that only writes. With ``guess``, any member may be able of whom the roster tells no
    tools.
    """
    if (called := called_by_name(members, request)) is not None:
        return called
    able = [member for member in members if member.can(write=write)]
    for member in able:
        if re.search(rf"\b(?:{_names(member)})\b", request, re.I):
            return member
    if not able and guess and not any(member.tools for member in members):
        able = list(members)
    asked = words(request)

    def fit(member: Member) -> tuple[int, ...]:
        nearness, talks = len(asked & words(f"{member.id} {member.name} {member.text}")), int(member.can(write=False))
        return (talks, nearness) if write and is_personal(request) else (nearness, talks)

    return max(able, key=fit, default=None)


def _names(member: Member) -> str:
    names = {member.id, member.name, member.id.replace("-", " ").replace("_", " ")}
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)


_TASK_STATE = "<current_task_state>"


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool returned for the task at hand."""

    tool: str
    text: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """One request, as the rules see it.

    Attributes:
        task: The last user message, without what a framework put around it.
        task_id: Agno's id of that message.
        results: What the tools called for this task returned.
        tools: The names of the tools on offer.
        injected: Memories in the system message and around the task.
    """

    request: Request
    task: str
    task_id: str
    results: tuple[Result, ...]
    tools: frozenset[str]
    injected: tuple[str, ...]

    @classmethod
    def of(cls, request: Request) -> Scene:
        """Read a request: everything after the last user message, which holds the task."""
        messages = request.messages
        start = next((i for i in range(len(messages) - 1, -1, -1) if _is_task(messages[i])), None)
        prompt = text_of(messages[start]) if start is not None else ""
        done = messages[start + 1 :] if start is not None else messages
        return cls(
            request=request,
            task=without_blocks(prompt),
            task_id=messages[start].id or "" if start is not None else "",
            results=tuple(
                Result(m.tool_name or "", unfenced(text_of(m)), bool(m.tool_call_error))
                for m in done
                if m.role == "tool"
            ),
            tools=frozenset(request.tool_names),
            injected=tuple(memory_lines(request.system) + memory_lines(blocks(prompt))),
        )

    @property
    def asked(self) -> set[str]:
        """The ids of the members that the task was delegated to."""
        ids: set[str] = set()
        for message in reversed(self.request.messages):
            if _is_task(message):
                break
            for call in message.tool_calls or ():
                ids.update(re.findall(r'"member_id": "([^"]*)"', str(call.get("function", {}).get("arguments", ""))))
        return ids

    @property
    def question(self) -> str:
        """The task as a query: without the name of whom it is addressed to."""
        return unaddressed(self.task)

    def results_of(self, *tools: str) -> list[Result]:
        """The results of these tools, in order."""
        return [result for result in self.results if result.tool in tools]


def _is_task(message: Message) -> bool:
    return message.role == "user" and not text_of(message).startswith(_TASK_STATE)


PROPOSE, LIST = "propose_memory", "list_reviews"
_DECISIONS = {"approve": "approve_memory", "reject": "reject_memory"}
CURATION_TOOLS = (PROPOSE, LIST, *_DECISIONS.values())


def curate(scene: Scene) -> tuple[ToolCall, ...]:
    """The next calls for a task that proposes, reviews, approves or rejects; none for another task, or when done."""
    verb = command(scene.task)
    if verb in ("propose", "promote") and {PROPOSE, RECALL} <= scene.tools:
        return _propose(scene)
    if verb in ("review", *_DECISIONS) and LIST in scene.tools:
        return _decide(scene, _DECISIONS.get(verb))
    return ()


def _propose(scene: Scene) -> tuple[ToolCall, ...]:
    wanted = facts(scene.task)[0]
    if not scene.results:
        return (ToolCall(RECALL, {"query": wanted}),)
    found = [line for result in scene.results_of(RECALL) for line in memory_lines(result.text)]
    best = bearing_on(wanted, found, limit=1)
    if not best or scene.results_of(PROPOSE):
        return ()
    banks = scene.request.schema(PROPOSE).get("properties", {}).get("bank", {}).get("enum") or [""]
    bank = named_first(scene.task, banks) or banks[0]
    return (ToolCall(PROPOSE, {"memory": unlabelled(best[0]), "bank": bank, "reason": "asked for"}),)


def _decide(scene: Scene, tool: str | None) -> tuple[ToolCall, ...]:
    listed = scene.results_of(LIST)
    if not listed:
        return (ToolCall(LIST),)
    if tool is None or scene.results_of(tool):
        return ()
    ids = [line.split(" ", 1)[0] for line in listed[-1].text.splitlines() if " [" in line]
    return tuple(ToolCall(tool, {"review_id": review_id}) for review_id in ids)
