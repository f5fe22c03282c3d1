"""The rules of the LLM endpoint, without a server."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.harness.llm import RuleEndpoint
from tests.harness.llm.rules import answer, wait_of

MEMORY_TOOLS = ("retain_memory", "recall_memory", "reflect_on_memory")


def _request(*messages: tuple[str, str], tools: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "messages": [{"role": role, "content": content} for role, content in messages],
        "tools": [{"type": "function", "function": {"name": name}} for name in tools],
    }


def _called(request: dict[str, Any]) -> tuple[str, dict[str, str]]:
    function = answer(request)["tool_calls"][0]["function"]
    return function["name"], json.loads(function["arguments"])


@pytest.mark.parametrize(
    ("said", "tool", "arguments"),
    [
        ("Remember that I like tea.", "retain_memory", {"content": "I like tea."}),
        ("Remember: I like tea.", "retain_memory", {"content": "I like tea."}),
        ("Recommend a drink.", "recall_memory", {"query": "Recommend a drink."}),
        ("What do you know about me?", "reflect_on_memory", {"query": "What do you know about me?"}),
    ],
)
def test_an_agent_uses_the_tool_that_fits(said: str, tool: str, arguments: dict[str, str]) -> None:
    assert _called(_request(("user", said), tools=MEMORY_TOOLS)) == (tool, arguments)


def test_an_agent_without_the_right_tool_says_so() -> None:
    reply = answer(_request(("user", "Remember that I like tea."), tools=("recall_memory",)))
    assert reply["content"] == "I have no tool for that."


def test_a_fact_holds_its_sentence_its_names_and_its_date() -> None:
    content = "The pilot began on 2024-05-03 in Oslo. Fine."
    asked = f"Extract facts from the following chunk.\n\nChunk: 1/1\n\nContent:\n{content}"
    first, second = json.loads(answer(_request(("user", asked)))["content"])["facts"]
    assert (first["what"], first["entities"]) == ("The pilot began on 2024-05-03 in Oslo.", ["Oslo"])
    assert first["occurred_start"] == "2024-05-03T00:00:00Z"
    assert second["what"] == "Fine."
    assert "occurred_start" not in second


def test_a_text_can_ask_for_a_slow_answer() -> None:
    assert wait_of(_request(("user", "It rains. [[wait 2.5]]"))) == 2.5
    assert wait_of(_request(("user", "It rains."))) == 0


def test_the_endpoint_streams_the_same_answer_and_keeps_the_request() -> None:
    asked = _request(("user", "What do you know?"), tools=MEMORY_TOOLS)
    with RuleEndpoint() as endpoint:
        url = f"{endpoint.url}/chat/completions"
        whole = httpx.post(url, json=asked, trust_env=False).json()["choices"][0]
        streamed = httpx.post(url, json=asked | {"stream": True}, trust_env=False).text.split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in streamed if line.startswith("data: {")]
    assert whole["finish_reason"] == events[-1]["choices"][0]["finish_reason"] == "tool_calls"
    functions = [m["tool_calls"][0]["function"] for m in (whole["message"], events[0]["choices"][0]["delta"])]
    assert functions[0] == functions[1]
    assert [r["messages"] for r in endpoint.requests] == [asked["messages"]] * 2
