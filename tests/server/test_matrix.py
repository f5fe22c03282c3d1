"""What the tool, the method and a raw request may do, for every policy, verb and bank, as one table."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest
from agno.agent import Agent

from hindsight_teams import TeamMemory
from hindsight_teams.access.grants import FULL, POLICIES, Access, Caller
from hindsight_teams.backends.hindsight import HindsightBackend
from hindsight_teams.errors import AccessDenied
from hindsight_teams.testing import ScriptedModel, call
from tests.server.conftest import BANKS, PROJECT, Desk

pytestmark = pytest.mark.slow

DOCUMENT = PROJECT / "docs" / "server-extension.md"
BEGIN, END = "<!-- matrix: written by tests/server/test_matrix.py -->", "<!-- end of matrix -->"
UPDATE = "UPDATE_DOCS"

VERBS = {"retain": Access.RETAIN, "recall": Access.RECALL, "reflect": Access.REFLECT}
TOOLS = {"retain": "retain_memory", "recall": "recall_memory", "reflect": "reflect_on_memory"}
ADA = Caller(user="ada", session="s1")
SEEDED = "The matrix lamp is green."
ELSEWHERE = {
    "another member's private bank": "desk:notes:member:insider",
    "a bank of the team that is not granted": "desk:spare",
    "the review bank": "desk:review:queue",
    "a bank of another team": "elsewhere:shared",
    "a bank that no team declares": "default",
}


@dataclass(frozen=True)
class Cell:
    """One policy on one bank, asked for one verb."""

    desk: Desk
    policy: str
    bank: str
    verb: str

    @property
    def member(self) -> str:
        return f"{self.policy}-{self.bank}"

    @property
    def bank_id(self) -> str:
        bank = self.desk.definition.banks[self.bank]
        return bank.resolve(Caller(team="desk", member=self.member, user="ada", session="s1"))

    def by_tool(self, memory: TeamMemory) -> bool:
        """An Agno agent whose model calls the tool, whether it was offered or not."""
        argument = {"content": f"{SEEDED} Told by tool."} if self.verb == "retain" else {"query": "matrix lamp"}
        model = ScriptedModel([call(TOOLS[self.verb], **argument), "Done."])
        agent = Agent(model=model, tools=[memory.tools(self.member)], telemetry=False)
        run = agent.run("Go.", user_id="ada", session_id="s1")
        offered = {tool["function"]["name"] for tool in model.requests[0].tools}
        executions = [t for t in run.tools or [] if not t.tool_call_error and "rror" not in str(t.result)[:5]]
        assert bool(executions) == (TOOLS[self.verb] in offered), f"{self}: offered {offered}, ran {run.tools}"
        return bool(executions)

    def by_method(self, memory: TeamMemory) -> bool:
        """The member's memory, called directly."""
        member = memory.member(self.member)
        try:
            if self.verb == "retain":
                member.retain(f"{SEEDED} Told by method.", caller=ADA)
            elif self.verb == "recall":
                assert member.recall("matrix lamp", caller=ADA, banks=[self.bank]).results
            else:
                assert "green" in member.reflect("matrix lamp", caller=ADA, banks=[self.bank]).text
        except AccessDenied:
            return False
        return True

    def by_request(self) -> bool:
        """A hand-written request with the member's own key."""
        return requested(self.desk, self.member, self.verb, self.bank_id)


def requested(desk: Desk, who: str, verb: str, bank_id: str) -> bool:
    answer: httpx.Response = getattr(desk, verb)(who, bank_id, SEEDED)
    assert answer.status_code in (200, 403), answer.text
    assert answer.status_code == 200 or "green" not in answer.text
    return answer.status_code == 200


@pytest.fixture(scope="module")
def seeded(desk: Desk) -> Desk:
    """In every bank of the matrix something that could be read."""
    banks = [Cell(desk, policy, bank, "recall").bank_id for policy in POLICIES for bank in BANKS]
    for bank_id in {*banks, *ELSEWHERE.values()}:
        assert desk.retain("admin", bank_id, SEEDED, document_id="seed").status_code == 200
    return desk


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=BANKS)
def bank(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def memory(seeded: Desk, policy: str, bank: str) -> Iterator[TeamMemory]:
    """The team's memory over the member's own key: what the service allows, the server judges again."""
    with closing(HindsightBackend(seeded.server.url, api_key=seeded.keys[f"{policy}-{bank}"])) as backend:
        yield TeamMemory.of(seeded.definition, backend=backend)


@pytest.mark.parametrize("verb", VERBS)
def test_tool_method_and_request_agree_with_the_policy(
    seeded: Desk, memory: TeamMemory, policy: str, bank: str, verb: str
) -> None:
    cell = Cell(seeded, policy, bank, verb)
    allowed = VERBS[verb] in POLICIES[policy]
    assert (cell.by_tool(memory), cell.by_method(memory), cell.by_request()) == (allowed, allowed, allowed)


@pytest.mark.parametrize("verb", VERBS)
def test_outside_of_its_grants_no_member_does_anything(seeded: Desk, policy: str, bank: str, verb: str) -> None:
    for bank_id in ELSEWHERE.values():
        assert not requested(seeded, f"{policy}-{bank}", verb, bank_id)


def table(desk: Desk) -> str:
    """What is allowed, as asked by hand-written requests; the tests above hold tool and method to the same."""
    lines = [
        "| policy | bank | retain | recall | reflect | list memories and tags |",
        "|---|---|---|---|---|---|",
    ]
    for policy in POLICIES:
        for bank, scope in BANKS.items():
            bank_id = Cell(desk, policy, bank, "recall").bank_id
            lines.append(row(desk, f"`{policy}`", f"`{bank}` ({scope})", f"{policy}-{bank}", bank_id))
    for name, bank_id in ELSEWHERE.items():
        lines.append(row(desk, "`full` on its own banks", name, "insider-elsewhere", bank_id))
    return "\n".join(lines)


def row(desk: Desk, policy: str, bank: str, who: str, bank_id: str) -> str:
    cells = [requested(desk, who, verb, bank_id) for verb in VERBS]
    listings = {desk.ask(who, "GET", f"{bank_id}/{what}").status_code for what in ("memories/list", "tags")}
    assert listings in ({200}, {403})
    said = ["allowed" if allowed else "403" for allowed in (*cells, listings == {200})]
    return f"| {policy} | {bank} | {' | '.join(said)} |"


def test_the_table_in_the_documentation_is_what_the_server_does(seeded: Desk) -> None:
    seeded.keys["insider-elsewhere"] = seeded.keys[f"full-{next(iter(BANKS))}"]
    written = DOCUMENT.read_text()
    before, _, rest = written.partition(BEGIN)
    _, _, after = rest.partition(END)
    measured = f"{before}{BEGIN}\n\n{table(seeded)}\n\n{END}{after}"
    if os.environ.get(UPDATE):
        DOCUMENT.write_text(measured)
    assert measured == DOCUMENT.read_text(), f"run again with {UPDATE}=1 to write what the server does"
    assert FULL.verbs == tuple(VERBS)
