"""An example for each command, shown at the end of its ``--help``."""

from __future__ import annotations

from typing import Any

EXAMPLES = {
    "demo": "demo --full",
    "new": "new my-team --recipe support_desk",
    "update": "update my-team --dry-run",
    "run": 'run support_desk "Who am I?" --user ada',
    "chat": "chat researcher_answerer --user ada",
    "recipes list": "recipes list",
    "recipes show": "recipes show support_desk",
    "access": "access my_team/team.toml",
    "inspect": "inspect --open",
    "doctor": "doctor --no-write",
    "config show": "config show",
    "bank list": "bank list --prefix my-team",
    "bank show": "bank show my-team:shared --limit 5",
    "bank retain": 'bank retain notes "Maple starts in May."',
    "bank recall": 'bank recall notes "When is Maple?"',
    "bank search": 'bank search notes "Maple" --explain',
    "bank reflect": 'bank reflect notes "What is Maple?"',
    "bank delete": "bank delete notes --document minutes-7",
    "bank ingest": "bank ingest notes handbook/ minutes.pdf",
    "bank export": "bank export notes --output notes.jsonl",
    "bank import": "bank import notes notes.jsonl",
    "bank stats": "bank stats my-team:shared",
    "bank rename": "bank rename my-notes my-team:notes",
    "bank copy": "bank copy old.db http://localhost:8888",
    "bank check": "bank check --db memory.db",
    "bank repair": "bank repair --db memory.db",
    "bank backup": "bank backup saved.db --db memory.db",
    "review list": "review list --team my_team/team.toml",
    "review approve": "review approve 4f1c9a --as lead",
    "review reject": "review reject 4f1c9a --as lead",
    "review revoke": "review revoke 4f1c9a --as lead",
    "forget": "forget --user ada --dry-run",
    "audit show": "audit show --member scout --verb retain",
    "audit follow": "audit follow --bank shared",
    "audit who-saw": "audit who-saw 4f1c9a",
    "audit what-did": "audit what-did researcher",
    "audit verify": "audit verify --log audit.db",
    "audit export": "audit export audit.csv --format csv",
    "keys create": "keys create researcher",
    "keys list": "keys list",
    "keys revoke": "keys revoke 3f9c1b",
    "keys rotate": "keys rotate 3f9c1b --grace 1d",
    "mcp": "mcp --member researcher",
}
"""By the command's name, without the program's; each fits into a terminal of 60 columns."""


def show_examples(program: str, name: str, command: Any) -> None:
    """Let the help of a command, and of those below it, end with its example."""
    for below, child in getattr(command, "commands", {}).items():
        show_examples(program, f"{name} {below}", child)
    if name in EXAMPLES:
        command.epilog = f"\b\nExample:\n  {program} {EXAMPLES[name]}"
