"""Memory where Agno has a place for it: as memory manager, as learning store, as knowledge.

Run it: python examples/agno_places.py
"""

from tempfile import TemporaryDirectory

from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.learn import LearningMachine

from hindsight_teams import (
    HindsightLearningStore,
    HindsightMemoryManager,
    SQLiteBackend,
    TeamMemory,
    memory_retriever,
)
from hindsight_teams.testing import OfflineModel, ScriptedModel, call


def main() -> None:
    with TemporaryDirectory() as folder:
        memory = TeamMemory(
            "desk",
            banks={"customer": "user", "handbook": "team"},
            members={"clerk": {"customer": "full", "handbook": "read-only"}, "editor": {"handbook": "writer-only"}},
            backend=SQLiteBackend(f"{folder}/memory.db"),
        )
        with memory:
            memory.member("editor").retain("Parcels leave the house at four.")
            clerk = memory.member("clerk")

            manager = HindsightMemoryManager(clerk)
            agent = Agent(model=OfflineModel(), memory_manager=manager, update_memory_on_run=True, user_id="ada")
            agent.run("My parcel 4417 never arrived.")
            print("memory manager:", [memory.memory for memory in manager.get_user_memories("ada")])

            learning = LearningMachine(custom_stores={"hindsight": HindsightLearningStore(clerk)})
            agent = Agent(model=OfflineModel(), db=InMemoryDb(), learning=learning, user_id="ada")
            print("learning store:", agent.run("When do parcels leave the house?").content)

            model = ScriptedModel([call("search_knowledge_base", query="parcels"), lambda run: run.tool_results[-1]])
            agent = Agent(model=model, knowledge_retriever=memory_retriever(clerk), user_id="ada")
            print("knowledge:", agent.run("What do you know of parcels?").content)


if __name__ == "__main__":
    main()
