"""The examples of "Agno Persistent Memory", run as written: the model, the tools and the server are real.

The files in ``examples`` are the article's own code. Two words change: the package that is imported, and the server's
address. OpenAIChat is untouched; its own environment variables send it to the rule-following endpoint.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hindsight_teams import HindsightBackend
from tests.conftest import ServerFactory
from tests.harness import Server
from tests.harness.llm import RuleEndpoint
from tests.harness.test_server import KEY_AUTH

EXAMPLES = Path(__file__).parent / "examples"
ADDRESSES = ("http://localhost:8888", "https://api.hindsight.vectorize.io")
TEACH = """
agent.print_response(
    "Remember that I prefer functional programming patterns "
    "and I am building a data pipeline in Python."
)
"""
ASK = """
agent.print_response("What approach should I take for error handling?")
"""
BANKS = ("user-123", "user-456", "user-alice", "user-bob", "team-blue", "demo-user")

Run = Callable[..., str]


@pytest.fixture
def llm() -> Iterator[RuleEndpoint]:
    with RuleEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def banks(hindsight_server: Server) -> Iterator[HindsightBackend]:
    """The server, without the banks that the article names."""
    with HindsightBackend(hindsight_server.url) as backend:
        for bank in BANKS:
            backend.delete_bank(bank)
        yield backend


@pytest.fixture
def run(hindsight_server: Server, banks: HindsightBackend, llm: RuleEndpoint, tmp_path: Path) -> Run:
    """Run an example, with lines of a test after it, in a process of its own; what it printed."""

    def run(example: str, *lines: str, server: Server = hindsight_server) -> str:
        code = (EXAMPLES / f"{example}.txt").read_text().replace("hindsight_agno", "hindsight_teams")
        for address in ADDRESSES:
            code = code.replace(address, server.url)
        script = tmp_path / f"{example}.py"
        script.write_text("\n".join((code, *lines)))
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HINDSIGHT_", "OPENAI_"))}
        environment |= {
            "OPENAI_BASE_URL": llm.url,
            "OPENAI_API_KEY": "none",
            "COLUMNS": "300",
            "AGNO_TELEMETRY": "false",
        }
        command = [sys.executable, "-W", "error::ResourceWarning", str(script)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=environment)
        assert done.returncode == 0, done.stderr
        port = server.url.rpartition(":")[2]
        assert not any(sign in done.stderr for sign in ("Unclosed", "never awaited", f", {port})")), done.stderr
        return done.stdout

    return run


def texts(banks: HindsightBackend, bank: str) -> set[str]:
    return {m.text for m in banks.list_memories(bank).memories if m.type == "world"}


def system_messages(llm: RuleEndpoint) -> list[str]:
    return [
        str(message["content"])
        for request in llm.requests
        for message in request["messages"]
        if message["role"] in ("system", "developer")
    ]


def offered(llm: RuleEndpoint) -> set[str]:
    return {tool["function"]["name"] for tool in llm.requests[-1].get("tools", ())}


def test_a_static_bank_remembers_across_processes(run: Run, banks: HindsightBackend) -> None:
    assert "Memory stored successfully." in run("static_bank", TEACH)
    assert any("functional programming" in text for text in texts(banks, "user-123"))
    later = run("static_bank", ASK)
    assert "functional programming patterns" in later
    assert "According to my memory" in later


def test_every_run_starts_with_the_memories_of_that_moment(run: Run, llm: RuleEndpoint) -> None:
    run("injected_memories", 'agent.print_response("Remember that I prefer tea.")', ASK)
    before, *_, after = [m for m in system_messages(llm) if "long-term memory" in m]
    assert "I prefer tea." not in before
    assert "I prefer tea." in after


def test_customised_instructions_need_no_tool(run: Run, llm: RuleEndpoint) -> None:
    run("static_bank", TEACH)
    llm.requests.clear()
    run("customised_instructions", ASK)
    assert "Here is what you know about this user:\n" in system_messages(llm)[-1]
    assert "functional programming patterns" in system_messages(llm)[-1]
    assert offered(llm) == set()


def test_instructions_of_a_server_that_is_gone_leave_the_agent_running(run: Run, llm: RuleEndpoint) -> None:
    gone = Server("http://127.0.0.1:9")
    assert "I have no tool for that" not in run("customised_instructions", ASK, server=gone)
    assert "Here is what you know" not in "".join(system_messages(llm))


def test_each_user_has_a_bank(run: Run, banks: HindsightBackend) -> None:
    run("per_user_banks", TEACH)
    other = run("per_user_banks", 'agent.print_response("What approach should I take?", user_id="user-456")')
    assert "functional programming" not in other
    assert texts(banks, "user-123")
    assert not texts(banks, "user-456")
    assert "functional programming patterns" in run("per_user_banks", ASK)


def test_a_resolver_of_one_s_own_gives_the_bank(run: Run, banks: HindsightBackend) -> None:
    teach = 'agent.print_response("Remember that we deploy on Fridays.", user_id="blue-7")'
    ask = 'agent.print_response("When do we deploy?", user_id="blue-9")'
    assert "we deploy on Fridays" in run("custom_resolver", teach, ask)
    assert texts(banks, "team-blue") == {"we deploy on Fridays."}


def test_a_read_only_selection_can_not_store(run: Run, banks: HindsightBackend, llm: RuleEndpoint) -> None:
    run("static_bank", TEACH)
    known = texts(banks, "user-123")
    agent = 'agent = Agent(model=OpenAIChat(id="gpt-4o-mini"), tools=[tools])'
    assert "I have no tool for that." in run("read_only", agent, 'agent.print_response("Remember that I moved.")')
    assert offered(llm) == {"recall_memory", "reflect_on_memory"}
    assert texts(banks, "user-123") == known
    assert "functional programming patterns" in run("read_only", agent, ASK)


def test_configure_reaches_every_toolkit(run: Run) -> None:
    lines = """
alice, bob = (Agent(model=OpenAIChat(id="gpt-4o-mini"), tools=[t]) for t in (agent1_tools, agent2_tools))
alice.print_response("Remember that my desk is by the window.")
alice.print_response("Where is my desk?")
print("--- bob ---")
bob.print_response("Where is my desk?")
"""
    alice, bob = run("configured", lines).split("--- bob ---")
    assert "my desk is by the window" in alice.rpartition("Where is my desk?")[2]
    assert "by the window" not in bob
    assert "No relevant memories found" in bob


@pytest.mark.parametrize(("key", "stored"), [("hsk_your_token", True), ("hsk_another_token", False)])
def test_the_cloud_configuration_sends_its_key(
    run: Run, hindsight_server_with: ServerFactory, key: str, stored: bool
) -> None:
    server = hindsight_server_with(env=KEY_AUTH)
    agent = 'agent = Agent(model=OpenAIChat(id="gpt-4o-mini"), tools=[HindsightTools(bank_id="cloud")])'
    wrong = f"configure(hindsight_api_url={server.url!r}, api_key={key!r})"
    said = run(
        "cloud", *([] if stored else [wrong]), agent, 'agent.print_response("Remember that it rains.")', server=server
    )
    assert ("Memory stored successfully." in said) is stored
    assert ("refused the API key" in said) is not stored
    assert key not in said


def test_the_full_example_run_twice_remembers_the_first_time(run: Run, banks: HindsightBackend) -> None:
    fact = "I prefer small, composable libraries over large frameworks."
    for _ in range(2):
        taught, _, rest = run("full").partition("--- Run 2: Agent recalls context ---")
        recalled, _, synthesized = rest.partition("--- Run 3: Agent synthesizes ---")
        assert "Memory stored successfully." in taught
        assert fact in recalled
        assert fact in synthesized
    stored = banks.list_memories("demo-user").memories
    assert [m.text for m in stored if m.type == "world"].count(fact) == 1


TWO_CALLS = """
agent.print_response("Remember that I prefer tea.")
agent.print_response("What do I drink?")
"""
TWO_CALLS_IN_A_LOOP = """
async def main():
    await agent.aprint_response("Remember that I prefer tea.")
    agent.tools[0].recall_memory(run_context=None, query="sync, inside the running loop")
    await agent.aprint_response("What do I drink?")
import asyncio
asyncio.run(main())
"""


@pytest.mark.parametrize("calls", [TWO_CALLS, TWO_CALLS_IN_A_LOOP], ids=["sync", "async"])
def test_an_official_client_as_client(run: Run, hindsight_server: Server, banks: HindsightBackend, calls: str) -> None:
    agent = f"""
from hindsight_client import Hindsight
agent = Agent(
    model=OpenAIChat(id="gpt-4o-mini"),
    tools=[HindsightTools(bank_id="user-123", client=Hindsight(base_url={hindsight_server.url!r}))],
)
"""
    assert "I prefer tea" in run("static_bank", agent, calls).rpartition("What do I drink?")[2]
    assert texts(banks, "user-123") == {"I prefer tea."}


def test_article_code_is_changed_by_import_and_address_alone() -> None:
    code = "".join(path.read_text() for path in sorted(EXAMPLES.glob("*.txt")))
    assert code.count("from hindsight_agno import") == len(list(EXAMPLES.glob("*.txt"))) + 1
    assert "hindsight_teams" not in code
    compile(code, "article", "exec")
