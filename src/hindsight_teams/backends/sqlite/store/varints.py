"""SQLite's variable-length integers: seven bits a byte, the highest first; a ninth byte has all its eight."""

from __future__ import annotations


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, and the place after it.

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


def as_varint(value: int) -> bytes:
    """A number below 16,384 as SQLite writes it."""
    return bytes([value]) if value < 0x80 else bytes([value >> 7 | 0x80, value & 0x7F])
