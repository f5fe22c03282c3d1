"""Read rows from the pages of a damaged file without SQLite, each page by itself.

SQLite finds a table's pages by its root and its interior pages; one damaged byte there hides all that lies below. Here
every page that looks like a leaf of a table is taken apart, and a row belongs to the table whose columns it fits. The
format is SQLite's own (https://www.sqlite.org/fileformat2.html).
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = int | float | str | bytes | None

_MAGIC = b"SQLite format 3\0"
_OTHER_PAGES = frozenset({0x00, 0x02, 0x05, 0x0A})  # overflow and free pages; interior pages and those of indexes
_DEFAULT_PAGE = 4_096
_WAL_HEADER, _FRAME_HEADER = 32, 24
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_MOST_PAYLOAD = 1 << 27


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table, by which its rows are told from those of others.

    Attributes:
        columns: Their names.
        kinds: What each may hold.
        optional: Whether each may hold nothing.
        key: Which of them is the row's number; None for a table without such a column.
    """

    columns: tuple[str, ...]
    kinds: tuple[tuple[type, ...], ...]
    optional: tuple[bool, ...]
    key: int | None

    @classmethod
    def of(cls, db: sqlite3.Connection, table: str) -> Shape:
        """The shape of a table in a sound file."""
        kinds: Mapping[str, tuple[type, ...]] = {"INTEGER": (int,), "TEXT": (str,), "BLOB": (bytes,)}
        rows = db.execute(f"PRAGMA table_info({table})").fetchall()
        return cls(
            columns=tuple(name for _, name, *_ in rows),
            kinds=tuple(kinds[kind] for _, _, kind, *_ in rows),
            optional=tuple(not required and not key for _, _, _, required, _, key in rows),
            key=next((at for at, row in enumerate(rows) if row[5] and row[2] == "INTEGER"), None),
        )

    def fit(self, number: int, values: Sequence[Value]) -> tuple[Value, ...] | None:
        """A row's values if they fit these columns, its number among them."""
        if len(values) != len(self.columns):
            return None
        row = list(values)
        if self.key is not None:
            if row[self.key] is not None:
                return None
            row[self.key] = number
        for value, kinds, optional in zip(row, self.kinds, self.optional, strict=True):
            if not (isinstance(value, kinds) or (value is None and optional)):
                return None
        return tuple(row)


def rows(path: Path, shapes: Mapping[str, Shape]) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """Every row that any page of a file holds, with the table that it fits.

    Text that is not valid UTF-8 comes with surrogates in the place of the bad bytes.

    Args:
        path: The file; committed pages of a write-ahead log beside it take precedence over its own.
        shapes: The tables to look for.
    """
    pages = _Pages(path)
    if pages.size != _DEFAULT_PAGE:  # the header may be damaged there: the right size shows more rows
        pages = max(pages, _Pages(path, usual=True), key=lambda read: sum(1 for _ in _fitting(read, shapes)))
    yield from _fitting(pages, shapes)


def _fitting(pages: _Pages, shapes: Mapping[str, Shape]) -> Iterator[tuple[str, tuple[Value, ...]]]:
    for number in range(1, pages.count + 1):
        page = pages.page(number)
        head = 100 if number == 1 else 0
        if len(page) < pages.size or page[head] in _OTHER_PAGES:
            continue
        for row, values in _cells(pages, page, head):
            for table, shape in shapes.items():
                fitting = shape.fit(row, values)
                if fitting is not None:
                    yield table, fitting
                    break


class _Pages:
    """The pages of a file, with the write-ahead log laid over them.

    Args:
        path: The file.
        usual: They have SQLite's usual size, whatever the header says.
    """

    def __init__(self, path: Path, *, usual: bool = False) -> None:
        self._bytes = path.read_bytes()
        self.size, reserved = _DEFAULT_PAGE, 0
        if not usual and self._bytes.startswith(_MAGIC) and len(self._bytes) >= 100:
            said = int.from_bytes(self._bytes[16:18], "big")
            said = 65_536 if said == 1 else said
            if said >= 512 and not said & (said - 1) and len(self._bytes) % said == 0:  # else it is damaged
                self.size, reserved = said, self._bytes[20] if self._bytes[20] < 64 else 0
        self.usable = self.size - reserved
        self._newer = self._logged(path.with_name(path.name + "-wal"))
        self.count = max(-(-len(self._bytes) // self.size), *self._newer, 0)

    def page(self, number: int) -> bytes:
        """One page, from 1; shorter, or empty, beyond the file's end."""
        newer = self._newer.get(number)
        return newer if newer is not None else self._bytes[(number - 1) * self.size : number * self.size]

    def _logged(self, path: Path) -> dict[int, bytes]:
        committed: dict[int, bytes] = {0: b""}
        if not path.is_file() or len(log := path.read_bytes()) < _WAL_HEADER:
            return committed
        waiting: dict[int, bytes] = {}
        for at in range(_WAL_HEADER, len(log) - _FRAME_HEADER - self.size + 1, _FRAME_HEADER + self.size):
            number, commit = struct.unpack_from(">II", log, at)
            if log[at + 8 : at + 16] != log[16:24]:  # the salts: this frame is of an earlier turn of the log
                break
            waiting[number] = log[at + _FRAME_HEADER : at + _FRAME_HEADER + self.size]
            if commit:
                committed |= waiting
                waiting = {}
        return committed


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number of SQLite's that begins at a place, seven bits a byte, the highest first; and the place after it.

    Raises:
        IndexError: The data ends within the number.
    """
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    return value << 8 | data[at], at + 1


def _cells(pages: _Pages, page: bytes, head: int) -> Iterator[tuple[int, list[Value]]]:
    count = min(int.from_bytes(page[head + 3 : head + 5], "big"), (pages.usable - head - 8) // 2)
    for at in struct.unpack_from(f">{count}H", page, head + 8):
        if head + 8 <= at < pages.usable - 3:
            try:
                yield _cell(pages, page, at)
            except (IndexError, ValueError, struct.error):
                continue  # this row is damaged; the page's others are not


def _cell(pages: _Pages, page: bytes, at: int) -> tuple[int, list[Value]]:
    length, at = varint(page, at)
    number, at = varint(page, at)
    if length > _MOST_PAYLOAD:
        raise ValueError("no row is so long")
    most, least = pages.usable - 35, (pages.usable - 12) * 32 // 255 - 23
    local = length
    if length > most:
        local = least + (length - least) % (pages.usable - 4)
        local = least if local > most else local
    payload = page[at : at + local]
    if len(payload) < local or at + local > pages.usable:
        raise ValueError("the row reaches beyond its page")
    following = int.from_bytes(page[at + local : at + local + 4], "big") if length > local else 0
    seen = {0}
    while len(payload) < length and following not in seen:
        seen.add(following)
        more = pages.page(following)
        payload += more[4 : 4 + min(pages.usable - 4, length - len(payload))]
        following = int.from_bytes(more[:4], "big")
    return number - (1 << 64) if number >> 63 else number, _values(payload, length)


def _values(payload: bytes, length: int) -> list[Value]:
    end, at = varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = varint(payload, at)
        kinds.append(kind)
    if at != end:
        raise ValueError("the row's header is damaged")
    sizes = [_size(kind) for kind in kinds]
    if end + sum(sizes) != length:
        raise ValueError("the row's header does not say its length")
    values = []
    for kind, size in zip(kinds, sizes, strict=True):
        values.append(_value(kind, payload[at : at + size]))
        at += size
    return values


def _size(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGER_BYTES.get(kind, 0)


def _value(kind: int, raw: bytes) -> Value:
    if kind >= 12:
        return raw.decode("utf-8", "surrogateescape") if kind % 2 else raw
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(raw, "big", signed=True) if kind in _INTEGER_BYTES else None
