"""The rules of the LLM endpoint. Pure: a chat-completions request in, an assistant message out.

Two parties talk to it. A Hindsight 1.1.0 server asks it to extract facts, to consolidate them into observations, to
reflect in a tool loop and to fill a response schema. An Agno agent with memory tools asks it what to do next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]
Request = Mapping[str, Any]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_NAME = re.compile(r"\b[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
_ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NO_NAMES = frozenset("A An And But He Her His I If In It My On Our She That The Their They This We You".split())
_REFLECT_TOOLS = frozenset({"search_mental_models", "search_observations", "recall", "done"})
_FACT_LINE = re.compile(r"^\[(?P<id>[0-9a-f-]{36})\] (?P<text>.*?)(?: \((?:occurred_|mentioned_)[^)]*\))?$", re.M)
_WAIT = re.compile(r"\[\[wait (\d+(?:\.\d+)?)\]\]")


def answer(request: Request) -> Message:
    """The assistant message for a chat-completions request."""
    tools = {tool["function"]["name"]: tool["function"] for tool in request.get("tools") or ()}
    if not _REFLECT_TOOLS.isdisjoint(tools):
        return _call(*_reflect(request["messages"], tools))
    if tools:
        return _agent(request["messages"], tools)
    asked = "\n".join(text for m in request["messages"] if m["role"] == "user" and (text := text_of(m)))
    for marker, rule in _TASKS.items():
        if marker in asked:
            return _say(json.dumps(rule(asked)))
    return _say("{}" if request.get("response_format") else "ok")


def wait_of(request: Request) -> float:
    """Seconds to wait before the answer: a text that holds ``[[wait 2.5]]`` asks for them, to play a slow model."""
    found = [float(s) for m in request["messages"] if m["role"] != "system" for s in _WAIT.findall(text_of(m))]
    return max(found, default=0.0)


def text_of(message: Message) -> str:
    """The text of a message, whose content may come in parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


# What Hindsight asks


def _extract(asked: str) -> dict[str, Any]:
    """One fact for each sentence; its capitalised names are entities, an ISO date in it is when it occurred."""
    content = asked.rpartition("\nContent:\n")[2]
    return {"facts": [_fact(s.strip()) for s in _SENTENCE_END.split(content) if s.strip()]}


def _fact(sentence: str) -> dict[str, Any]:
    names = [n for n in dict.fromkeys(_NAME.findall(sentence)) if n not in _NO_NAMES]
    fact = {
        "what": sentence,
        **dict.fromkeys(("when", "where", "who", "why"), "N/A"),
        "fact_kind": "conversation",
        "fact_type": "world",
        "entities": names[:6],
    }
    if date := _ISO_DATE.search(sentence):
        midnight = f"{date.group()}T00:00:00Z"
        fact |= {"fact_kind": "event", "occurred_start": midnight, "occurred_end": midnight}
    return fact


def _consolidate(asked: str) -> dict[str, Any]:
    """One observation for each new text; a text that an observation already says becomes more evidence for it."""
    new, _, old = asked.partition("### New facts")[2].partition("### Existing observations")
    start, end = old.find("["), old.rfind("]")
    try:
        existing = {o["text"]: o["id"] for o in json.loads(old[start : end + 1])} if start >= 0 else {}
    except (ValueError, TypeError, KeyError):
        existing = {}
    evidence: dict[str, list[str]] = {}
    for fact in _FACT_LINE.finditer(new):
        evidence.setdefault(fact["text"].partition(" | ")[0], []).append(fact["id"])
    creates, updates = [], []
    for text, ids in evidence.items():
        if text in existing:
            same = {"observation_id": existing[text], "current_text": text, "text": text}
            updates.append({**same, "source_fact_ids": ids, "reason": "It says the same."})
        else:
            creates.append({"text": text, "source_fact_ids": ids, "reason": "No observation says it yet."})
    return {"creates": creates, "updates": updates, "deletes": []}


def _fill(asked: str) -> dict[str, Any]:
    """A response schema filled from an answer: text fields get it whole, lists its lines."""
    text = asked.partition('"""')[2].partition('"""')[0].strip()
    schema = json.loads(asked.partition("```json")[2].partition("```")[0])
    lines = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")] or [text]
    by_type: dict[str, Any] = {"string": text, "array": lines, "boolean": True, "integer": len(lines), "number": 1.0}
    return {name: by_type.get(field.get("type", "string"), {}) for name, field in schema["properties"].items()}


_TASKS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Extract facts from the following chunk.": _extract,
    "### New facts": _consolidate,
    "ANSWER TO EXTRACT FROM:": _fill,
}


def _reflect(messages: list[Message], tools: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Search once with the question itself, then be done with what was found as a list."""
    question = next(text_of(m) for m in messages if m["role"] == "user").partition("\n\n## ")[0].strip()[:900]
    used = [call["function"]["name"] for m in messages for call in m.get("tool_calls") or ()]
    if "done" not in tools or ("recall" in tools and "recall" not in used):
        name = "recall" if "recall" in tools else next(iter(tools))
        return name, {"reason": "The question itself is the query.", "query": question}
    found = _found(messages)
    texts = list(dict.fromkeys(text for items in found.values() for text in items.values()))
    said = "From memory:\n" + "\n".join(f"- {t}" for t in texts) if texts else "Nothing is known about this."
    arguments: dict[str, Any] = {"answer_found": bool(texts)}
    arguments |= {f"{kind}_ids": list(items) for kind, items in found.items() if items}
    if "document" in tools["done"]["parameters"]["properties"]:
        arguments["document"] = {"sections": [{"heading": "", "level": 2, "blocks": [said]}]}
    else:
        arguments["answer"] = said
    return "done", arguments


def _found(messages: list[Message]) -> dict[str, dict[str, str]]:
    """The texts by id that the searches of a reflect loop brought, by kind."""
    kinds = {"memories": "memory", "observations": "observation", "mental_models": "mental_model"}
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds.values()}
    for message in messages:
        if message["role"] != "tool":
            continue
        try:
            result = json.loads(text_of(message))
        except ValueError:
            continue
        for field, kind in kinds.items():
            for item in result.get(field, ()) if isinstance(result, dict) else ():
                if text := item.get("text") or item.get("content"):
                    found[kind].setdefault(item["id"], text)
    return found


# What an agent asks


def _agent(messages: list[Message], tools: Mapping[str, Any]) -> Message:
    """Retain what it is told to remember, reflect on what it knows, recall for the rest; then say what came back."""
    last = messages[-1]
    if last["role"] == "tool":
        return _say(f"According to my memory: {text_of(last)}")
    asked = next(text_of(m) for m in reversed(messages) if m["role"] == "user")
    told = re.match(r"\s*remember\b(?:\s+that|\s*:)?\s*(.+)", asked, re.I | re.S)
    if told and "retain_memory" in tools:
        return _call("retain_memory", {"content": told.group(1)})
    knows = re.search(r"\bwhat do you know\b", asked, re.I)
    for name in ("reflect_on_memory", "recall_memory") if knows else ("recall_memory", "reflect_on_memory"):
        if name in tools and not told:
            return _call(name, {"query": asked})
    return _say("I have no tool for that.")


def _say(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _call(name: str, arguments: dict[str, Any]) -> Message:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": function}]}
