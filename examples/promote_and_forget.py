"""A private note becomes a decision of the team, once a curator approves; then its author's user is forgotten.

Run it: python examples/promote_and_forget.py
"""

from tempfile import TemporaryDirectory

from hindsight_teams import SQLiteBackend, TeamMemory


def main() -> None:
    with TemporaryDirectory() as folder:
        memory = TeamMemory(
            "squad",
            banks={"decisions": "team", "notebook": "member"},
            members={
                "architect": {"decisions": "full"},
                "coder": {"decisions": "read-only", "notebook": "full"},
            },
            curators=["architect"],
            proposers=["coder"],
            backend=SQLiteBackend(f"{folder}/memory.db"),
        )
        with memory:
            coder, architect = memory.member("coder"), memory.member("architect")
            note = "Retries need jitter, or clients march in step."
            coder.retain(note, bank="notebook", caller=coder.bound(user="ada"))
            proposal = memory.proposals("coder").propose(note, to="decisions", reason="it bit us twice")
            print("before the review:", [found.text for found in architect.recall("jitter").results])
            memory.reviews("architect").approve(proposal.id)
            print("after the review:", [found.text for found in architect.recall("jitter").results])

            report = memory.forget(user="ada")
            print("would be forgotten:", {bank: len(found) for bank, found in report.memories.items()})
            memory.forget(user="ada", dry_run=False)
            print("after forgetting:", [found.text for found in architect.recall("jitter").results])


if __name__ == "__main__":
    main()
