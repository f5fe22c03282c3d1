"""Memory in every run without a tool call: recalled before, retained afterwards, in the background.

Run it: python examples/every_run.py
"""

import asyncio
from tempfile import TemporaryDirectory

from agno.agent import Agent

from hindsight_teams import SQLiteBackend, TeamMemory
from hindsight_teams.testing import OfflineModel


async def ask(clerk: Agent, user: str, session: str, message: str) -> None:
    answer = await clerk.arun(message, user_id=user, session_id=session)
    print(f"{user}, {session}: {message}\n  {answer.content}")


async def main() -> None:
    with TemporaryDirectory() as folder:
        memory = TeamMemory(
            "desk",
            banks={"customer": "user"},
            members={"clerk": {"customer": "full"}},
            backend=SQLiteBackend(f"{folder}/memory.db"),
        )
        with memory:
            clerk = memory.equip(
                Agent(id="clerk", model=OfflineModel()), inject="query", retain="runs", background=True
            )
            await asyncio.gather(
                ask(clerk, "ada", "monday", "My parcel 4417 never arrived."),
                ask(clerk, "bob", "monday", "My parcel 5120 arrived broken."),
            )
            memory.flush()
            await asyncio.gather(
                ask(clerk, "ada", "friday", "What happened to my parcel?"),
                ask(clerk, "bob", "friday", "What happened to my parcel?"),
            )


if __name__ == "__main__":
    asyncio.run(main())
