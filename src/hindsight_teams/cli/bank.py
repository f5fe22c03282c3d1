"""``hindsight-teams bank``: list, search, count, write and delete memories of any backend, as the operator.

These commands hold no member's rights: whoever can open the file, or has the server's key, can use them. What reads or
writes memories leaves an event with the login name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.bank_care import backup, check, rename, repair
from hindsight_teams.cli.bank_ingest import ingest
from hindsight_teams.cli.bank_transfer import copy, export, import_
from hindsight_teams.cli.failing import usage
from hindsight_teams.cli.options import (
    WORDS_ONLY,
    Bank,
    Db,
    Json,
    Url,
    Yes,
    backend,
    confirm,
    finds_by_meaning,
    insist_on,
    moment,
    recorded,
)
from hindsight_teams.cli.output import console, counted, day, glyph, item, listing, print_json, say, say_done, styled
from hindsight_teams.models import LITTLE_KNOWN, Budget, ListOrder, TagCount, TagsMatch
from hindsight_teams.text import happened, noted, repeated

if TYPE_CHECKING:
    from hindsight_teams.models import BankStats, Memory

app = typer.Typer(help="List, read, write and delete banks.", no_args_is_help=True)

_SIGNATURE = ("team:", "author:", "user:", "session:", "run:", "tagset:")
"""Tags that say who signed a memory, and the digest of the others: shown in words, or with ``--json`` alone."""

Query = Annotated[str, typer.Argument(metavar="QUERY", help="What to look for.")]
BudgetOption = Annotated[Budget, typer.Option("--budget", help="How much work to do.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", metavar="N", help="Most tokens of text to return.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; may be given again.")]
Match = Annotated[TagsMatch, typer.Option("--tags-match", help="How the tags must match.")]


@app.command("list")
def list_(
    prefix: Annotated[str | None, typer.Option("--prefix", metavar="TEXT", help="Only ids that begin so.")] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List the banks and how much each holds."""
    with backend(db, url, must_exist=True) as memory:
        banks = memory.list_banks(prefix=prefix)
    if json:
        print_json({"banks": banks})
        return
    if not banks:
        say(("No banks yet.", "dim"))
        return
    table = listing()
    table.add_column("bank", overflow="fold")
    table.add_column("memories", justify="right")
    table.add_column("last write")
    for bank in banks:
        count = "" if bank.memory_count is None else f"{bank.memory_count:,}"
        table.add_row(styled((bank.bank_id, "bold")), count, day(bank.updated_at or bank.created_at))
    console().print(table)


@app.command()
def show(
    bank: Bank,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Most memories to show.")] = 20,
    offset: Annotated[int, typer.Option("--offset", metavar="N", min=0, help="Memories to pass over first.")] = 0,
    tag: Tags = None,
    tags_match: Match = "any",
    document: Annotated[str | None, typer.Option("--document", metavar="ID", help="Only this document.")] = None,
    order: Annotated[
        ListOrder, typer.Option("--order", help="As noted, or as they happen: then only those of a known day.")
    ] = "noted",
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show what a bank holds, as noted or as it happened.

    Below each memory stand its id, who wrote it and for which user, when it happened (where that was said), when it was
    noted, and its tags. --json has all of its signature.
    """
    with backend(db, url, must_exist=True) as memory:
        insist_on(memory, bank)
        stats = memory.bank_stats(bank)
        with recorded("recall", bank) as event:
            page = memory.list_memories(
                bank, limit=limit, offset=offset, tags=tag, tags_match=tags_match, document_id=document, order=order
            )
            event.update(_read(page.memories))
    if json:
        print_json({"stats": stats, "memories": page.memories, "total": page.total, "limit": limit, "offset": offset})
        return
    say((bank, "bold"))
    say((", ".join(counted(*count) for count in _counts(stats) if count[0] or count[1] == "memory"), "dim"))
    say()
    for entry in page.memories:
        _print_memory(entry)
    left = page.total - offset - len(page.memories)
    if left > 0:
        say((f"{glyph('more')} {left:,} more: --offset {offset + len(page.memories)}", "dim"))


@app.command()
def retain(
    bank: Bank,
    content: Annotated[
        str | None,
        typer.Argument(metavar="CONTENT", help="What to store; `-`, or nothing in a pipe, reads standard input."),
    ] = None,
    tag: Tags = None,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", metavar="NAME=VALUE", help="May be given again.")
    ] = None,
    context: Annotated[str | None, typer.Option("--context", metavar="TEXT", help="What it is about.")] = None,
    document: Annotated[
        str | None,
        typer.Option("--document", metavar="ID", help="Its document; what was stored under this id is replaced."),
    ] = None,
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", metavar="ISO-TIME", help="When it was said; now if not given.")
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Store one memory in a bank.

    The bank is made when there is none. The memory carries no member's signature.
    """
    text, pairs, said_at = _content(content), _pairs(metadata or []), moment(timestamp, "--timestamp")
    with backend(db, url) as memory, recorded("retain", bank) as event:
        receipt = memory.retain(
            bank, text, tags=tag, metadata=pairs or None, context=context, document_id=document, timestamp=said_at
        )
        event.update(count=receipt.items_count, memory_ids=receipt.memory_ids)
    if json:
        print_json(receipt)
        return
    stored = counted(len(receipt.memory_ids)) if receipt.memory_ids else "stored"
    say_done(stored, (f" in {bank}", "dim"))
    for note in receipt.notes:
        say(("  " + note, "dim"))


@app.command()
def recall(
    bank: Bank,
    query: Query,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each memory was found.")] = False,
    budget: BudgetOption = "mid",
    max_tokens: MaxTokens = 4096,
    tag: Tags = None,
    tags_match: Match = "any",
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Search a bank: the memories, best first.

    With --explain each memory is followed by what each strategy gave to it.
    """
    with backend(db, url, must_exist=True) as memory:
        with recorded("recall", bank) as event:
            found = memory.recall(
                bank, query, budget=budget, max_tokens=max_tokens, tags=tag, tags_match=tags_match, explain=explain
            )
            event.update(_read(found.results))
        if not found.results:
            insist_on(memory, bank)
    if json:
        print_json(
            {"memories": found.results, "notes": found.notes, "gaps": found.gaps, "confidence": found.confidence}
        )
        return
    if not found.results:
        say(("No relevant memories found.", "dim"))
    for number, entry in enumerate(found.results, 1):
        _print_memory(entry, number=number)
        for signal in entry.signals:
            scored = styled("      ", (f"{signal.score:+.3f} ", "cyan"), f"{signal.strategy:<8} ")
            item(scored, styled((signal.reason, "dim")))
    if found.results and found.confidence is not None and found.confidence < LITTLE_KNOWN:
        from hindsight_teams.memory.rendering import LITTLE

        say((LITTLE, "yellow"))
    for note in found.notes:
        say((note, "yellow"))
    if not finds_by_meaning(db, url):
        say((WORDS_ONLY, "dim"))


@app.command()
def reflect(
    bank: Bank,
    query: Annotated[str, typer.Argument(metavar="QUESTION", help="What to answer.")],
    budget: BudgetOption = "mid",
    tag: Tags = None,
    tags_match: Match = "any",
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Answer a question from what a bank holds.

    The memories that the answer rests on are shown below it.
    """
    with backend(db, url, must_exist=True) as memory:
        with recorded("reflect", bank) as event:
            answer = memory.reflect(bank, query, budget=budget, tags=tag, tags_match=tags_match)
            event.update(_read(answer.based_on))
        if not answer.based_on:
            insist_on(memory, bank)
    if json:
        print_json(answer)
        return
    for paragraph in answer.text.splitlines():
        say(paragraph)
    if answer.based_on:
        say()
        say(("based on", "dim"))
        for number, entry in enumerate(answer.based_on, 1):
            _print_memory(entry, number=number)


@app.command()
def delete(
    bank: Bank,
    memory_id: Annotated[
        list[str] | None, typer.Option("--memory", metavar="ID", help="Only this memory; may be given again.")
    ] = None,
    document: Annotated[str | None, typer.Option("--document", metavar="ID", help="Only this document.")] = None,
    yes: Yes = False,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Delete a bank with all it holds, or only some memories of it."""
    with backend(db, url, must_exist=True) as memory:
        if memory_id or document:
            confirm(f"Delete these memories of {bank!r} for good?", yes=yes)
            with recorded("delete", bank, f"document {document}" if document else None) as event:
                deleted = memory.delete_memories(bank, ids=memory_id, document_id=document)
                event.update(count=deleted, memory_ids=tuple(memory_id or ()))
        else:
            insist_on(memory, bank)
            confirm(f"Delete the bank {bank!r} and all it holds for good?", yes=yes)
            with recorded("delete", bank, "the whole bank") as event:
                event["count"] = deleted = memory.delete_bank(bank)
    if json:
        print_json({"bank_id": bank, "deleted": deleted})
    elif not deleted and (memory_id or document):
        say(("Nothing matches.", "dim"))
    else:
        say_done(f"{counted(deleted)} deleted", (f" from {bank}", "dim"))


def _counts(stats: BankStats) -> list[tuple[int, str, str]]:
    """What a bank holds: numbers, and what one and several of them are called."""
    return [
        (stats.memories, "memory", "memories"),
        (stats.documents, "document", "documents"),
        (stats.observations, "observation", "observations"),
        (stats.entities, "entity", "entities"),
        (stats.pending_operations, "pending", "pending"),
        (stats.failed_operations, "failed", "failed"),
    ]


def _print_memory(memory: Memory, *, number: int | None = None) -> None:
    users = [f"for {tag.removeprefix('user:')}" for tag in memory.tags if tag.startswith("user:")]
    tags = [tag for tag in memory.tags if not tag.startswith(_SIGNATURE)]
    dates = [happened(memory), noted(memory), repeated(memory)]
    label = f"{number:>3}. " if number is not None else "  "
    superseded = (" (superseded)", "yellow") if memory.superseded_by else ""
    item(styled((label, "dim")), styled(memory.text, superseded))
    marks = "  ".join(filter(None, [memory.id, memory.said_by, *users, *dates, *tags]))
    item(styled(" " * len(label)), styled((marks, "dim")))


def _read(memories: Sequence[Memory]) -> dict[str, object]:
    """What an event says of memories that were shown."""
    return {"count": len(memories), "memory_ids": tuple(entry.id for entry in memories)}


def _content(content: str | None) -> str:
    if content is not None and content != "-":
        return content
    if content is None and sys.stdin.isatty():
        raise usage("give CONTENT, or pipe it in")
    return sys.stdin.read()


def _pairs(values: list[str]) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    if bad := next((value for value, (key, sign, _) in zip(values, pairs, strict=True) if not (key and sign)), None):
        raise usage(f"--metadata {bad!r} must look like NAME=VALUE")
    return {key: value for key, _, value in pairs}


_MOST = 10


def stats(bank: Bank, *, db: Db = None, url: Url = None, json: Json = False) -> None:
    """Count a bank's memories, documents, authors and tags."""
    from hindsight_teams.access.banks import unescape
    from hindsight_teams.access.signatures import own_tags

    with backend(db, url, must_exist=True) as memory:
        insist_on(memory, bank)
        counts, tags = memory.bank_stats(bank), memory.list_tags(bank)
        first = memory.list_memories(bank, limit=1).memories
    authors = [
        TagCount(unescape(name) or name, tag.count)
        for tag in tags
        for prefix, _, name in [tag.tag.partition(":")]
        if prefix == "author"
    ]
    own = [tag for tag in tags if own_tags([tag.tag])]
    if json:
        print_json({"stats": counts, "authors": authors, "tags": own})
        return
    rows = [
        *((many, f"{n:,}" if n or many in ("memories", "documents") else "") for n, _, many in _counts(counts)),
        ("first noted", day(first[0].mentioned_at) if first else ""),
        ("last write", day(counts.last_write_at)),
        ("authors", _named(authors)),
        ("tags", _named(own)),
    ]
    item(styled(""), styled((bank, "bold")))
    width = max(len(name) for name, _ in rows)
    for name, told in rows:
        if told:
            item(styled((f"{name:<{width}}  ", "dim")), styled(told))


def _named(counts: Iterable[TagCount]) -> str:
    """The most frequent, and how many more there are."""
    found = list(counts)
    more = f" and {len(found) - _MOST:,} more" if len(found) > _MOST else ""
    return ", ".join(f"{count.tag} ({count.count:,})" for count in found[:_MOST]) + more


app.command()(ingest)
app.command()(export)
app.command("import")(import_)
for command in (stats, rename, copy, check, repair, backup):
    app.command()(command)
