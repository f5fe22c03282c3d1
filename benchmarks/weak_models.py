"""What a weak model does with memory: facts told and asked for, with tools and without.

    python -m benchmarks.weak_models --model openai-chat:NAME

A local server that speaks OpenAI's protocol is named by ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY``. Each play is a user
and a bank of its own, in a scratch file. A question is asked in a new session of a bank that holds the fact already, so
that telling and asking are measured apart.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from agno.agent import Agent
from agno.models.utils import get_model

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.backends.base import Backend

PLAYS = (
    ("My parcel 4417 never arrived.", "What is the number of the parcel that never arrived?", "4417"),
    ("Remember that I am allergic to peanuts.", "What am I allergic to?", "peanut"),
    ("I moved to Bergen in May.", "In which city do I live?", "Bergen"),
    ("Please note: my sister's name is Ingrid.", "What is the name of my sister?", "Ingrid"),
    ("Our budget for the kitchen is 12000 euros.", "What is our budget for the kitchen?", "12000"),
    ("Remember this: the Maple pilot begins on 3 June.", "On which day does the Maple pilot begin?", "3 June"),
    ("I always fly with KLM.", "Which airline do I fly with?", "KLM"),
    ("Keep in mind that my cello lesson is on Thursdays.", "On which day is my cello lesson?", "Thursday"),
    ("We called the new ferry Solveig.", "What did we call the new ferry?", "Solveig"),
    ("Remember that the alarm code of the shed is 7290.", "What is the alarm code of the shed?", "7290"),
)
"""What is told, what is asked, and what the memory and the answer must hold."""

READS = {"recall_memory", "reflect_on_memory"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an Agno model string")
    parser.add_argument("--plays", type=int, default=len(PLAYS), help=f"how many, at most {len(PLAYS)}")
    parser.add_argument("--set-up", choices=("tools", "no tools"), help="only one of the two")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that one call of the model may take")
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    model: Any = get_model(given.model)
    model.timeout, model.max_retries = given.timeout, 0
    with tempfile.TemporaryDirectory() as folder, closing(SQLiteBackend(Path(folder) / "memory.db")) as backend:
        for set_up in (given.set_up,) if given.set_up else ("tools", "no tools"):
            seen: Counter[str] = Counter()
            for number, play in enumerate(PLAYS[: given.plays]):
                happened = sorted(played(set_up, model, backend, number, *play))
                seen.update(happened)
                print(f"{set_up} {number}: {', '.join(happened) or 'nothing'}", flush=True)
            for what, count in sorted(seen.items()):
                print(f"{set_up}: {what} in {count} of {given.plays} plays", flush=True)


def played(set_up: str, model: Any, backend: Backend, number: int, statement: str, question: str, key: str) -> set[str]:
    """What happened when a fact was told, and when it was asked for."""
    memory = TeamMemory("desk", banks={"own": "user"}, members={"clerk": {"own": "full"}}, backend=backend)
    bare = Agent(id="clerk", model=model, instructions="You are a helpful clerk. Be brief.", tool_call_limit=4)
    clerk = memory.equip(bare) if set_up == "tools" else memory.equip(bare, inject="query", retain="said", tools=False)
    told = clerk.run(statement, user_id=f"told-{set_up}-{number}", session_id="monday")
    desk = memory.member("clerk")
    asker = f"asked-{set_up}-{number}"
    desk.retain(statement, caller=desk.bound(user=asker))
    asked = clerk.run(question, user_id=asker, session_id="friday")
    return {*_of_telling(told, desk, f"told-{set_up}-{number}", key), *_of_asking(asked, key)}


def _of_telling(run: Any, desk: Any, user: str, key: str) -> Iterator[str]:
    held = desk.recall(key, caller=desk.bound(user=user)).results
    calls = [tool.tool_name for tool in run.tools or []]
    if any(key.casefold() in memory.text.casefold() for memory in held):
        yield "told: the fact is in memory"
    if any(key.casefold() not in memory.text.casefold() for memory in held):
        yield "told: something else is in memory"
    if calls.count("retain_memory") > 1:
        yield "told: retained more than once"
    if READS & set(calls):
        yield "told: memory was read"
    if '"name"' in str(run.content):
        yield "told: a call is written into the answer"


def _of_asking(run: Any, key: str) -> Iterator[str]:
    calls = [tool.tool_name for tool in run.tools or []]
    if READS & set(calls):
        yield "asked: memory was read by a call"
    if sum(call in READS for call in calls) > 1:
        yield "asked: memory was read by several calls"
    if "retain_memory" in calls:
        yield "asked: something was retained"
    if key.casefold() in str(run.content).casefold() and '"name"' not in str(run.content):
        yield "asked: the answer is right"
    if '"name"' in str(run.content):
        yield "asked: a call is written into the answer"


if __name__ == "__main__":
    main()
