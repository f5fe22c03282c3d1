"""OfflineModel: a deterministic stand-in for a language model, without an LLM, a key or a network."""

from __future__ import annotations

import re

from hindsight_teams.agno.said import is_courtesy, tells_nothing_to
from hindsight_teams.agno.toolkit import ABOUT_THE_USER
from hindsight_teams.testing._scene import (
    CURATION_TOOLS,
    RECALL,
    REFLECT,
    RETAIN,
    Member,
    Result,
    Scene,
    called_by_name,
    choose,
    curate,
    read_roster,
)
from hindsight_teams.testing._text import bearing_on, facts, is_broad, is_empty, is_question, memory_lines, named_first
from hindsight_teams.testing.scripted import LocalModel, Request, ToolCall, Turn

__all__ = ["OFFLINE_MARKER", "OfflineModel"]

OFFLINE_MARKER = "(offline stand-in)"
"""The first words of every answer that an ``OfflineModel`` gives; no square brackets, which Rich takes for markup."""

DONT_KNOW = "I don't know: memory holds nothing that answers this."
CANT_WRITE = "I can't store this: none of my tools writes to memory."
CANT_READ = "I can't answer this: none of my tools reads memory."
NOTED = "Noted."

_DELEGATE, _DELEGATE_ALL = "delegate_task_to_member", "delegate_task_to_members"
_CREATE, _EXECUTE, _COMPLETE = "create_task", "execute_task", "mark_all_complete"
_WHOSE = re.compile(rf"(?:(?:Agent [^:.\n]+|Task \[[^\]\n]*\] completed\. Result): )?{re.escape(OFFLINE_MARKER)} ")
"""Where a member's answer begins, with the name or task that Agno puts before it."""


class OfflineModel(LocalModel):
    """A stand-in that plays a team with memory by fixed rules. It is not a language model and understands nothing.

    As a team's leader, in all four team modes, it hands a statement to a member that can retain and a question to a
    member that can recall or reflect. As a member, or alone, it retains the facts of a statement (each bullet by
    itself), looks a question up, and answers with the recalled lines that share the question's words. Without
    evidence it says that it does not know; without a right it says which kind of tool it lacks. Every answer begins
    with ``OFFLINE_MARKER``.

    Each turn depends on nothing but the request: the same messages and tools give the same answer, and one instance
    may serve any number of agents and threads.
    """

    states_facts = False
    """It only says again what it was told or what memory gave, so automatic retention keeps none of its answers."""

    def __init__(self, *, id: str = "offline-stand-in") -> None:
        super().__init__(id=id, name="OfflineModel")

    def next_turn(self, request: Request) -> Turn:
        """What the rules say for this request."""
        scene = Scene.of(request)
        if {_DELEGATE, _DELEGATE_ALL, _CREATE}.isdisjoint(scene.tools):
            return _member(scene)
        return _leader(scene)


def _say(text: str) -> Turn:
    return Turn(content=f"{OFFLINE_MARKER} {text}")


def _leader(scene: Scene) -> Turn:
    if scene.results_of(_COMPLETE):
        return Turn()
    answers = scene.results_of(_DELEGATE, _DELEGATE_ALL, _EXECUTE)
    if answers:
        another = _another(scene, answers)
        if another is not None:
            return Turn(calls=(ToolCall(_DELEGATE, {"member_id": another.id, "task": scene.task}),))
        return _say(_merged(answers))
    if scene.results_of(RETAIN, RECALL, REFLECT):
        return _member(scene)
    members, write = read_roster(scene.request.system), not is_question(scene.task)
    names = [name for member in members for name in (member.id, member.name)]
    if is_courtesy(scene.task) or (write and tells_nothing_to(names, scene.task)):
        return _say(NOTED)
    own = bool(scene.tools & ({RETAIN} if write else {RECALL, REFLECT}))
    member = choose(members, scene.task, write=write, guess=not own)
    if _DELEGATE_ALL in scene.tools and (member or not own):
        return Turn(calls=(ToolCall(_DELEGATE_ALL, {"task": scene.task}),))
    if member is None:
        alone = _member(scene)
        if _CREATE in scene.tools and alone.content:
            return Turn(alone.content, (ToolCall(_COMPLETE, {"summary": "No member could do it."}),))
        return alone
    if _CREATE not in scene.tools:
        return Turn(calls=(ToolCall(_DELEGATE, {"member_id": member.id, "task": scene.task}),))
    created = scene.results_of(_CREATE)
    if not created:
        title = f"{scene.task[:60]} ({scene.task_id[:8]})"  # a title used before would give the old task back
        return Turn(calls=(ToolCall(_CREATE, {"title": title, "description": scene.task, "assignee": member.id}),))
    task_id = re.search(r"\[([^\]]+)\]", created[-1].text)
    if task_id is None:
        return _say(created[-1].text)
    return Turn(calls=(ToolCall(_EXECUTE, {"task_id": task_id.group(1), "member_id": member.id}),))


def _another(scene: Scene, answers: list[Result]) -> Member | None:
    """A member to ask next: any after one that lacks the tool, one that reads after one that does not know."""
    members = read_roster(scene.request.system)
    if _DELEGATE not in scene.tools or called_by_name(members, scene.task):
        return None
    untried = [member for member in members if member.id not in scene.asked]
    if not all(answer.text.strip().endswith((CANT_WRITE, CANT_READ)) for answer in answers):
        if not all(answer.text.strip().endswith((CANT_WRITE, CANT_READ, DONT_KNOW)) for answer in answers):
            return None
        untried = [member for member in untried if member.tools and member.can(write=False)]
    return next(iter(untried), None)


def _merged(answers: list[Result]) -> str:
    """The members' answers as one: each line once, and no "I can't" beside an answer."""
    text = _WHOSE.sub("\n", "\n".join(answer.text for answer in answers))
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    useful = [line for line in lines if not line.endswith((DONT_KNOW, CANT_WRITE, CANT_READ, NOTED))]
    return "\n".join(useful or lines[:1] or [DONT_KNOW])


def _member(scene: Scene) -> Turn:
    if is_courtesy(scene.task):
        return _say(NOTED)
    if calls := curate(scene):
        return Turn(calls=calls)
    if scene.results:
        return _say(_report(scene))
    if is_question(scene.task):
        order = (REFLECT, RECALL) if is_broad(scene.task) else (RECALL, REFLECT)
        reader = next((tool for tool in order if tool in scene.tools), None)
        if reader:
            return Turn(calls=(ToolCall(reader, {"query": scene.question}),))
        if scene.injected:
            return _say(_quoted(scene.question, scene.injected))
        return _say(CANT_READ)
    told = facts(scene.task)
    if RETAIN in scene.tools and told:
        return Turn(calls=tuple(_retain(scene, fact) for fact in told))
    return _say(CANT_WRITE if scene.tools & {RECALL, REFLECT} else NOTED)


def _retain(scene: Scene, fact: str) -> ToolCall:
    parameters = scene.request.schema(RETAIN).get("properties") or {}
    banks = (parameters.get("bank") or {}).get("enum")
    arguments = {"content": fact}
    if banks:
        described = str(parameters["bank"].get("description") or "")
        own = [bank for bank in banks if re.search(rf"\b{re.escape(bank)} \([^)]*{ABOUT_THE_USER}\)", described)]
        arguments["bank"] = named_first(scene.task, banks) or (own or banks)[0]
    return ToolCall(RETAIN, arguments)


def _report(scene: Scene) -> str:
    failures = [result.text.strip() for result in scene.results if result.failed]
    decided = [result for result in scene.results_of(*CURATION_TOOLS) if not result.failed]
    if decided:
        return "\n".join(result.text for result in decided if result.tool == decided[-1].tool)
    kept = [result for result in scene.results_of(RETAIN) if not result.failed]
    read = [result for result in scene.results_of(RECALL, REFLECT) if not result.failed]
    parts: list[str] = []
    waiting = sum("for review" in result.text for result in kept)
    for count, verb in ((len(kept) - waiting, "Retained"), (waiting, "Held for review:")):
        if count:
            parts.append(f"{verb} {count} fact{'s' if count > 1 else ''}.")
    if read:
        parts.append(_answer(scene, read))
    parts += [f"The tool refused: {text}" for text in dict.fromkeys(failures)]
    return "\n".join(parts) or DONT_KNOW


def _answer(scene: Scene, read: list[Result]) -> str:
    reflections = [result.text.strip() for result in read if result.tool == REFLECT and not is_empty(result.text)]
    if reflections:
        return "\n".join(reflections)
    recalled = [line for result in read if result.tool == RECALL for line in _lines(result.text)]
    return _quoted(scene.question, [*recalled, *scene.injected])


def _lines(text: str) -> list[str]:
    return memory_lines(text) or ([] if is_empty(text) else text.strip().splitlines())


def _quoted(question: str, lines: list[str] | tuple[str, ...]) -> str:
    found = bearing_on(question, lines)
    return "\n".join(["From memory:", *(f"- {line}" for line in found)]) if found else DONT_KNOW
