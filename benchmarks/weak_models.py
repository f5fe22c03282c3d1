"""What a weak model does with memory: facts told and asked for, with tools and without, or a recipe's whole script.

    python -m benchmarks.weak_models --model openai-chat:NAME
    python -m benchmarks.weak_models --model openai-chat:NAME --recipe support_desk

A local server that speaks OpenAI's protocol is named by ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY``. Each play is a user
and a bank of its own, in a scratch file. A question is asked in a new session of a bank that holds the fact already, so
that telling and asking are measured apart.
"""

from __future__ import annotations

import argparse
import logging
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

from agno.agent import Agent

from hindsight_recipes import Recipe, Step, get_recipe
from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.agno.said import tokens
from hindsight_teams.backends.base import Backend
from hindsight_teams.cli.play import choose_model
from hindsight_teams.cli.scaffold.answers import DEFAULT_RECIPE as RECIPE

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

FRAMED = re.compile(r"^(?:Remember that|[A-Z][\w ]*, [^:.?]*:) ")
"""What stands around a fact in a script's prompt; the name of whom it is addressed to, and what to do with it."""

ORDERED = re.compile(r"approve what waits")
"""What a prompt asks for that tells nothing."""

READS = {"recall_memory", "reflect_on_memory"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an Agno model string")
    parser.add_argument("--plays", type=int, default=len(PLAYS), help=f"how many, at most {len(PLAYS)}")
    parser.add_argument("--set-up", choices=("tools", "no tools"), help="only one of the two")
    parser.add_argument("--recipe", help="play this recipe's whole script with its own team instead")
    parser.add_argument("--demo", action="store_const", const=RECIPE, dest="recipe", help="the recipe of the demo")
    parser.add_argument("--steps", type=int, help="only so many first steps of each phase of the script")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that one call of the model may take")
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    model: Any = choose_model(given.model).model
    model.timeout, model.max_retries = given.timeout, 0
    with tempfile.TemporaryDirectory() as folder, closing(SQLiteBackend(Path(folder) / "memory.db")) as backend:
        if given.recipe:
            return play_script(get_recipe(given.recipe), model, backend, given.steps)
        for set_up in (given.set_up,) if given.set_up else ("tools", "no tools"):
            seen: Counter[str] = Counter()
            for number, play in enumerate(PLAYS[: given.plays]):
                happened = sorted(played(set_up, model, backend, number, *play))
                seen.update(happened)
                print(f"{set_up} {number}: {', '.join(happened) or 'nothing'}", flush=True)
            for what, count in sorted(seen.items()):
                print(f"{set_up}: {what} in {count} of {given.plays} plays", flush=True)


def play_script(recipe: Recipe, model: Any, backend: Backend, steps: int | None) -> None:
    """Play a recipe's script, print a line for each step, and at the end what of it was kept and answered."""
    seen: Counter[str] = Counter()
    facts: list[str] = []
    phases: Counter[str] = Counter()
    for number, step in enumerate(recipe.script, 1):
        phases[step.phase] += 1
        if steps is not None and phases[step.phase] > steps:
            continue
        memory = recipe.memory(backend=backend, **step.options)
        team = recipe.team(model, memory, **step.options)
        began = monotonic()
        told = facts_of(step)
        facts += told
        session = f"{recipe.name}-{number}"
        events = team.run(step.prompt, user_id=step.user_id, session_id=session, stream=True, stream_events=True)
        happened = sorted(_of_step(step, events))
        seen.update([*happened, "step"])
        held = memories_of(backend)
        seconds = monotonic() - began
        print(
            f"{step.phase} {step.title[:50]!r} {seconds:.0f} s, {len(held)} memories: {', '.join(happened)}", flush=True
        )
    held = memories_of(backend)
    told = list(dict.fromkeys(facts))
    seen["fact told"] = len(told)
    seen["fact in memory"] = sum(any(holds(memory, fact) for memory in held) for fact in told)
    seen["fact in memory twice"] = sum(sum(holds(memory, fact) for memory in held) > 1 for fact in told)
    seen["memory"] = len(held)
    seen["memory that holds no fact that was told"] = sum(
        not any(holds(memory, fact) for fact in told) for memory in held
    )
    for what, count in sorted(seen.items()):
        print(f"{recipe.name}: {what}: {count}", flush=True)


def facts_of(step: Step) -> list[str]:
    """The facts that a step of a script tells: a note's bullets, or what is to be remembered."""
    if step.expect or step.forbid or step.prompt.endswith("?") or ORDERED.search(step.prompt):
        return []
    bullets = [" ".join(fact.split()) for fact in step.prompt.split("\n- ")[1:]]
    return bullets or [FRAMED.sub("", step.prompt)]


def holds(memory: str, fact: str) -> bool:
    """Whether a memory tells a fact: all its numbers, and nine of ten words."""
    words, own = set(tokens(fact)), set(tokens(memory))
    numbers = {word for word in words if any(map(str.isdigit, word))}
    return numbers <= own and len(words & own) >= 0.9 * len(words)


def memories_of(backend: Backend) -> list[str]:
    """All memories of a file."""
    banks = [bank.bank_id for bank in backend.list_banks()]
    return [memory.text for bank in banks for memory in backend.list_memories(bank, limit=1000).memories]


def _of_step(step: Step, events: Any) -> Iterator[str]:
    calls: Counter[str] = Counter()
    answer, ended = "", False
    for event in events:
        kind = str(getattr(event, "event", "")).removeprefix("Team")
        if kind == "ToolCallCompleted":
            calls[f"{event.tool.tool_name} {event.tool.tool_args}"] += 1
            if event.tool.tool_call_error:
                yield f"a call failed: {event.tool.tool_name}"
        elif kind == "RunCompleted":
            answer, ended = str(event.content or ""), True
        elif kind == "RunError":
            yield f"an error was shown: {event.content}"
    yield "the run ended" if ended else "the run did not end"
    yield from {f"called {call.partition(' ')[0]}" for call in calls}
    if max(calls.values(), default=0) > 2:
        yield "the same call three times"
    if '"name"' in answer:
        yield "a call is written into the answer"
    if step.expect:
        yield "question"
        yield "wrong" if step.problems(answer) else "right"
    elif step.forbid:
        yield "kept apart" if not step.problems(answer) else "not kept apart"


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
