"""The write guard for the items of a retain over HTTP or MCP, and its limits for proposals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from hindsight_teams.access.grants import Caller, GuardRules
from hindsight_teams.access.signatures import MARK, RESERVED_METADATA, own_tags
from hindsight_teams.guard import Guard, Oversize, TooManyWrites, WriteAttempt, log_hit
from hindsight_teams.memory.envelopes import unseal
from hindsight_teams.memory.proposing import MAX_REASON

_UNSEEN = RESERVED_METADATA - {"marked"}
"""Metadata that is not the author's: the server made it, or the caller's ids hold it. Whoever sends a mark writes its
reason, which readers are shown."""


class WriteGuards:
    """The guard of each team, under the rules of its team.toml; it counts writes for as long as the rules stay."""

    def __init__(self) -> None:
        self._guards: dict[str, tuple[GuardRules, Guard]] = {}
        self.queue = Guard([Oversize(), TooManyWrites()])
        """For what is put up for review: a curator judges the words, and nobody may flood a curator."""

    def of(self, team: str, rules: GuardRules) -> Guard:
        """The guard of a team."""
        known = self._guards.get(team)
        if known is None or known[0] != rules:
            known = self._guards[team] = (rules, Guard.of(rules))
        return known[1]


def queued(guard: Guard, items: Sequence[Mapping[str, Any]], *, caller: Caller) -> str | None:
    """Why envelopes may not all be put up for review; None where they may."""
    for item in items:
        opened = unseal(item.get("metadata") or {})
        if opened is None:
            return "it is not an envelope"
        if len(opened.reason) > 2 * MAX_REASON:  # what a guard found may stand behind the member's own
            return "its reason is too long"
        verdict = guard.inspect(_attempt(asdict(opened.item), bank=opened.bank, caller=caller))
        if verdict.action == "refuse":
            return verdict.reason
    return None


def guarded(
    guard: Guard, items: Sequence[Mapping[str, Any]], *, bank: str, caller: Caller, private: bool = False
) -> tuple[list[dict[str, Any]], str | None]:
    """Signed items as the write guard lets them pass, still to be signed anew, and why not all of them pass.

    An item that the guard would hold back refuses the whole retain: a server has no place to hold it.
    """
    passed: list[dict[str, Any]] = []
    for item in items:
        attempt = _attempt(item, bank=bank, caller=caller, private=private)
        tags, metadata, entities = item.get("tags") or (), item.get("metadata") or {}, item.get("entities")
        verdict = guard.inspect(attempt)
        log_hit(verdict, bank, caller)
        left = verdict.attempt
        if left is None or verdict.action in ("quarantine", "refuse"):
            return [], verdict.reason or "a check refused it"
        kept = dict(item)
        if left != attempt:
            kept["content"] = left.content
            kept["tags"] = [*left.tags, *(tag for tag in tags if tag not in attempt.tags)]
            kept["metadata"] = {**{k: v for k, v in metadata.items() if k in RESERVED_METADATA}, **left.metadata}
            if item.get("context"):
                kept["context"] = left.context
            if entities:
                kept["entities"] = list(map(_renamed, entities, left.entities))
        if verdict.marks:
            kept["tags"] = [*kept["tags"], MARK]
            kept["metadata"] = {**kept["metadata"], "marked": verdict.reason}
        passed.append(kept)
    return passed, None


def _attempt(item: Mapping[str, Any], *, bank: str, caller: Caller, private: bool = False) -> WriteAttempt:
    metadata = item.get("metadata") or {}
    return WriteAttempt(
        content=item["content"],
        caller=replace(caller, **{name: metadata[name] for name in ("user", "session", "run") if name in metadata}),
        bank=bank,
        context=item.get("context"),
        tags=own_tags(item.get("tags") or ()),
        metadata={key: str(metadata[key]) for key in metadata.keys() - _UNSEEN},
        entities=[_name(entity) for entity in item.get("entities") or ()],
        document_id=item.get("document_id"),
        source="author" if metadata.get("speaker") in (None, caller.member) else "others",
        private=private,
    )


def _name(entity: Any) -> str:
    text = entity.get("text") if isinstance(entity, Mapping) else entity
    return text if isinstance(text, str) else ""


def _renamed(entity: Any, name: str) -> Any:
    return {**entity, "text": name} if isinstance(entity, Mapping) else name
