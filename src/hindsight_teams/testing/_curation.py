"""How the offline stand-in proposes memories for another bank and decides on proposals. Pure."""

from __future__ import annotations

from hindsight_teams.testing._model import ToolCall
from hindsight_teams.testing._roster import RECALL
from hindsight_teams.testing._scene import Scene
from hindsight_teams.testing._text import bearing_on, command, facts, memory_lines, named_first, unlabelled

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
