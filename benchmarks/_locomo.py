"""The LoCoMo conversations as banks to fill and questions with the turns that hold their evidence.

LoCoMo: Maharana et al. 2024, "Evaluating Very Long-Term Conversational Memory of LLM Agents". The file is not part of
this project; give its path.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation; ``text`` is what was said, ``line`` the same with speaker and date."""

    id: str
    speaker: str
    session: str
    text: str
    line: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the turns that hold its evidence, and the day after the conversation as its "now"."""

    text: str
    evidence: frozenset[str]
    category: int
    asked: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation with its questions."""

    id: str
    turns: list[Turn]
    questions: list[Question]


def load(path: Path) -> list[Conversation]:
    """The conversations of a LoCoMo file."""
    return [_conversation(raw) for raw in json.loads(path.read_text())]


def _conversation(raw: dict[str, object]) -> Conversation:
    talk: dict[str, object] = raw["conversation"]  # type: ignore[assignment]
    numbers = sorted(int(m[1]) for key in talk if (m := re.fullmatch(r"session_(\d+)", key)))
    turns: list[Turn] = []
    for number in numbers:
        stamp = str(talk[f"session_{number}_date_time"]).strip()
        start = datetime.strptime(stamp.replace(" am ", " AM ").replace(" pm ", " PM "), "%I:%M %p on %d %B, %Y")
        start = start.replace(tzinfo=UTC)
        for index, turn in enumerate(talk[f"session_{number}"]):  # type: ignore[arg-type,var-annotated]
            text = turn["text"].strip()
            if turn.get("blip_caption"):
                text = f"{text} [shares {turn['blip_caption']}]".strip()
            line = f"{turn['speaker']} ({start.day} {start:%B %Y}): {text}"
            when = start + timedelta(seconds=30 * index)
            turns.append(Turn(turn["dia_id"], turn["speaker"], f"session-{number}", text, line, when))
    known = {turn.id for turn in turns}
    asked = turns[-1].when.replace(hour=12) + timedelta(days=1)
    questions = []
    for item in raw["qa"]:  # type: ignore[attr-defined]
        mentioned = re.finditer(r"D:?(\d+):(\d+)", " ".join(item.get("evidence") or []))
        evidence = frozenset(f"D{int(m[1])}:{int(m[2])}" for m in mentioned) & known
        if evidence:
            questions.append(Question(item["question"], evidence, item["category"], asked))
    return Conversation(str(raw["sample_id"]), turns, questions)
