"""An example for each command, shown at the end of its ``--help``."""

from __future__ import annotations

from typing import Any

EXAMPLES = {
    "demo": "demo --full",
    "new": "new my-team --recipe support_desk",
    "update": "update my-team --dry-run",
    "run": 'run researcher_answerer "When does the Maple pilot start?" --user ada',
    "chat": "chat researcher_answerer --user ada",
    "recipes list": "recipes list",
    "recipes show": "recipes show support_desk",
    "access": "access my_team/team.toml",
    "inspect": "inspect --open",
    "doctor": "doctor --no-write",
    "config show": "config show",
    "bank list": "bank list --prefix my-team",
    "bank show": "bank show my-team:shared --limit 5",
    "bank retain": 'bank retain my-team:shared "Maple starts in May." --tag project:maple',
    "bank recall": 'bank recall my-team:shared "When does Maple start?"',
    "bank search": 'bank search my-team:shared "When does Maple start?" --explain',
    "bank reflect": 'bank reflect my-team:shared "What do we know about Maple?"',
    "bank delete": "bank delete my-team:shared --document minutes-7",
    "bank ingest": "bank ingest my-team:shared handbook/ minutes.pdf",
    "bank export": "bank export my-team:shared --output shared.jsonl",
    "bank import": "bank import my-team:shared shared.jsonl --db new.db",
    "bank stats": "bank stats my-team:shared",
    "bank rename": "bank rename my-notes my-team:notes",
    "bank copy": "bank copy memory.db http://localhost:8888 --prefix my-team",
    "bank check": "bank check --db memory.db",
    "bank repair": "bank repair --db memory.db",
    "bank backup": "bank backup saved.db --db memory.db",
    "review list": "review list --team my_team/team.toml",
    "review approve": "review approve 4f1c9a --as lead",
    "review reject": "review reject 4f1c9a --as lead",
    "review revoke": "review revoke 4f1c9a --as lead",
    "forget": "forget --user ada --dry-run",
    "audit show": "audit show --member researcher --verb retain",
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
"""By the command's name, without the program's."""


def show_examples(program: str, name: str, command: Any) -> None:
    """Let the help of a command, and of those below it, end with its example."""
    for below, child in getattr(command, "commands", {}).items():
        show_examples(program, f"{name} {below}", child)
    if name in EXAMPLES:
        command.epilog = f"\b\nExample:\n  {program} {EXAMPLES[name]}"
