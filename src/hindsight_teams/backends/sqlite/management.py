"""What manages banks and memories: list, count, find, rename and delete. A function for each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hindsight_teams import requests as ask
from hindsight_teams.backends.sqlite.learn import linking
from hindsight_teams.backends.sqlite.store import erasing, reading, writing
from hindsight_teams.backends.sqlite.store.connections import Pool
from hindsight_teams.backends.sqlite.store.reading import Filter
from hindsight_teams.backends.sqlite.store.records import row_number, row_numbers
from hindsight_teams.backends.sqlite.text.terms import tag_term
from hindsight_teams.errors import BankNotFound, InvalidInput, NotFound
from hindsight_teams.models import BankInfo, BankStats, Memory, MemoryPage, TagCount


def _list_banks(pool: Pool, request: ask.ListBanks) -> list[BankInfo]:
    with pool.read() as db:
        return reading.banks(db, request.prefix or "")


def _bank_stats(pool: Pool, request: ask.GetStats) -> BankStats:
    with pool.read() as db:
        bank = reading.bank_number(db, request.bank)
        if bank is None:
            raise BankNotFound(f"there is no bank {request.bank!r}; a first retain makes it")
        return reading.stats(db, bank)


def _delete_bank(pool: Pool, request: ask.DeleteBank) -> int:
    return _without_bank(pool, request.bank) or 0


def _delete_empty_bank(pool: Pool, request: ask.DeleteEmptyBank) -> bool:
    return _without_bank(pool, request.bank, only_empty=True) is not None


def _without_bank(pool: Pool, bank_id: str, *, only_empty: bool = False) -> int | None:
    """Remove a bank, from the file's bytes too: the memories that went with it; None where it was not removed."""
    with pool.write() as db:
        bank = reading.bank_number(db, bank_id)
        held = "SELECT 1 FROM memory WHERE no >= ? AND no < ? LIMIT 1"
        if bank is None or (only_empty and db.execute(held, reading.bounds(bank)).fetchone()):
            return None
        deleted = writing.remove_bank(db, bank)
    erasing.soon(pool)
    return deleted


def _rename_bank(pool: Pool, request: ask.RenameBank) -> None:
    with pool.write() as db:
        bank = reading.bank_number(db, request.bank)
        if bank is None:
            raise BankNotFound(f"there is no bank {request.bank!r} to rename")
        if request.to != request.bank and reading.bank_number(db, request.to) is not None:
            raise InvalidInput(f"there is a bank {request.to!r} already; choose another id")
        db.execute("UPDATE bank SET id = ? WHERE no = ?", (request.to, bank))


def _list_memories(pool: Pool, request: ask.ListMemories) -> MemoryPage:
    with pool.read() as db:
        bank = reading.bank_number(db, request.bank)
        if bank is None:
            return MemoryPage([], 0, request.limit, request.offset)
        chosen = Filter.of(request.filter)
        place = (request.limit, request.offset)
        if request.order == "happened":
            return reading.page_by_day(db, bank, request.bank, chosen, request.document_id, *place)
        return reading.page(db, bank, request.bank, chosen, request.document_id, *place, _after(request.after))


def _get_memory(pool: Pool, request: ask.GetMemory) -> Memory:
    with pool.read() as db:
        bank = reading.bank_number(db, request.bank)
        found = None if bank is None else reading.one(db, bank, request.bank, request.memory_id)
    if found is None:
        raise NotFound(f"there is no memory {request.memory_id!r} in the bank {request.bank!r}")
    return found


def _find_memories(pool: Pool, request: ask.FindMemories) -> list[Memory]:
    with pool.read() as db:
        chosen, numbers = Filter.of(request.filter), _numbers(request.ids)
        return reading.everywhere(db, chosen, document_id=request.document_id, numbers=numbers)


def _find_related(pool: Pool, request: ask.FindRelated) -> list[Memory]:
    with pool.read() as db:
        numbers = sorted(_numbers(request.ids) or ())
        found = reading.related(db, numbers, [tag_term(tag) for tag in request.origin_tags])
        return reading.everywhere(db, Filter.of(request.filter), numbers=found)


def _banks_with_repeats(pool: Pool, _: ask.BanksWithRepeats) -> list[str]:
    with pool.read() as db:
        rows = db.execute("SELECT id FROM bank WHERE no IN (SELECT bank FROM mention) ORDER BY id")
        return [bank_id for (bank_id,) in rows]


def _erase_due(pool: Pool, _: ask.IsEraseDue) -> bool:
    with pool.read() as db:
        return erasing.due(db)


def _list_repeats(pool: Pool, request: ask.ListRepeats) -> list[Memory]:
    with pool.read() as db:
        bank = reading.bank_number(db, request.bank)
        if bank is None:
            return []
        found = linking.selected(
            db, bank, Filter.of(request.filter), document_id=request.document_id, numbers=_numbers(request.ids)
        )
        return [linking.as_memory(request.bank, memory, fields) for _, memory, fields in found]


def _delete_memories(pool: Pool, request: ask.DeleteMemories) -> int:
    """What was deleted is gone from the file's bytes afterwards.

    Unless another process is reading an older state of the file: then it goes with the next delete or ``erase()``.
    """
    chosen, document_id, wanted = Filter.of(request.filter), request.document_id, _numbers(request.ids)
    with pool.write() as db:
        bank = reading.bank_number(db, request.bank)
        if bank is None:
            return 0
        if document_id is None and chosen.trivial and wanted is not None:
            low, high = reading.bounds(bank)
            numbers = sorted(n for n in wanted if low <= n < high)
        else:
            numbers = list(reading.selected(db, bank, chosen, document_id, numbers=wanted))
        unlinked = linking.drop_selected(db, bank, chosen, document_id=document_id, numbers=wanted)
        deleted = writing.remove(db, bank, numbers)
    if deleted or unlinked:
        erasing.soon(pool)
    return deleted


def _list_tags(pool: Pool, request: ask.ListTags) -> list[TagCount]:
    with pool.read() as db:
        bank = reading.bank_number(db, request.bank)
        return [] if bank is None else reading.tag_counts(db, bank, request.pattern)


def _numbers(ids: Sequence[str] | None) -> set[int] | None:
    return None if ids is None else set(row_numbers(ids))


def _after(memory_id: str | None) -> int | None:
    if memory_id is None:
        return None
    number = row_number(memory_id)
    if number is None:
        raise InvalidInput(f"after={memory_id!r} is not a memory's id")
    return number


HANDLERS: Mapping[type[ask.Request[Any]], Callable[[Pool, Any], Any]] = {
    ask.BanksWithRepeats: _banks_with_repeats,
    ask.DeleteBank: _delete_bank,
    ask.DeleteEmptyBank: _delete_empty_bank,
    ask.DeleteMemories: _delete_memories,
    ask.FindMemories: _find_memories,
    ask.FindRelated: _find_related,
    ask.GetMemory: _get_memory,
    ask.GetStats: _bank_stats,
    ask.IsEraseDue: _erase_due,
    ask.ListBanks: _list_banks,
    ask.ListMemories: _list_memories,
    ask.ListRepeats: _list_repeats,
    ask.ListTags: _list_tags,
    ask.RenameBank: _rename_bank,
}
