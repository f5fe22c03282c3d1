"""One agent with memory tools, for two users who never see each other.

Run it: python examples/one_agent.py
"""

from tempfile import TemporaryDirectory

from agno.agent import Agent

from hindsight_teams import HindsightTools, SQLiteBackend
from hindsight_teams.testing import OfflineModel


def main() -> None:
    with TemporaryDirectory() as folder:
        backend = SQLiteBackend(f"{folder}/memory.db")
        # Without bank_id= each user of the agent has a bank. OfflineModel() can be any Agno model.
        agent = Agent(model=OfflineModel(), tools=[HindsightTools(client=backend)])
        agent.run("Please remember: my sister lives in Bergen.", user_id="ada")
        for user in ("ada", "bob"):
            print(f"{user}: {agent.run('Where does my sister live?', user_id=user).content}")
        backend.close()


if __name__ == "__main__":
    main()
