"""A researcher writes to a bank that an answerer can only read.

Run it: python examples/shared_team.py
"""

from tempfile import TemporaryDirectory

from agno.agent import Agent
from agno.team import Team

from hindsight_teams import SQLiteBackend, TeamMemory, policies
from hindsight_teams.errors import AccessDenied
from hindsight_teams.testing import OfflineModel


def main() -> None:
    with TemporaryDirectory() as folder:
        memory = TeamMemory(
            "research-desk",
            banks={"shared": "team"},
            members={
                "researcher": {"shared": policies.WRITER_ONLY},
                "answerer": {"shared": policies.READ_ONLY},
            },
            backend=SQLiteBackend(f"{folder}/memory.db"),
        )
        with memory:
            print(memory.access_matrix(), "\n")
            researcher = Agent(id="researcher", role="Retains what we learn", model=OfflineModel())
            answerer = Agent(id="answerer", role="Answers from memory", model=OfflineModel())
            team = memory.equip(Team(id="research-desk", members=[researcher, answerer], model=OfflineModel()))
            team.run("The Maple pilot began on 3 May 2024 with 40 users in Oslo.")
            print(team.run("How many users did the Maple pilot begin with?").content)
            try:
                memory.member("answerer").retain("It began with 4000 users.")
            except AccessDenied as error:
                print(f"Denied: {error}")


if __name__ == "__main__":
    main()
