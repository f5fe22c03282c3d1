"""The documents in one file, by its kind."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any, TypeVar

from hindsight_teams.errors import HindsightTeamsError, InvalidInput
from hindsight_teams.ingest import portable
from hindsight_teams.ingest.chats import conversations, kind_of
from hindsight_teams.ingest.document import Passage, SourceDocument, parsed, unreadable, whole
from hindsight_teams.ingest.files import File
from hindsight_teams.ingest.rows import csv_passages, line_passages, object_passages
from hindsight_teams.ingest.sections import markdown_passages, plain_passages

LARGEST_FILE = 200_000_000
"""Bytes of a file."""

_BYTES: dict[str, Callable[[bytes], Iterable[Passage]]] = {
    ".pdf": portable.pdf_passages,
    ".docx": portable.docx_passages,
    ".pptx": portable.pptx_passages,
    ".xlsx": portable.xlsx_passages,
    ".xlsm": portable.xlsx_passages,
}
_TEXTS: dict[str, Callable[[str], Iterable[Passage]]] = {
    ".md": markdown_passages,
    ".markdown": markdown_passages,
    ".html": portable.html_passages,
    ".htm": portable.html_passages,
    ".xhtml": portable.html_passages,
    ".csv": csv_passages,
    ".tsv": lambda text: csv_passages(text, tabs=True),
    ".jsonl": line_passages,
    ".ndjson": line_passages,
}
_Found = TypeVar("_Found", Passage, SourceDocument)
_OLD = {".doc": "docx", ".xls": "xlsx", ".ppt": "pptx", ".odt": "docx", ".ods": "xlsx", ".odp": "pptx", ".rtf": "docx"}
_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1a\\x1c-\\x1f]")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class NoText(InvalidInput):
    """A file of a kind that holds no text to remember, such as an image: told of, and no failure in a folder."""


def read_file(file: File) -> list[SourceDocument]:
    """The documents that a file holds: itself, or the conversations of an export.

    Their passages are read when they are asked for, which may raise the same.

    Raises:
        NoText: A kind of file that is not read.
        InvalidInput: The file is damaged; the message says how.
        ConfigurationError: Its kind needs a package that is not installed; the message names it.
        OSError: It can't be opened.
    """
    suffix = file.path.suffix.lower()
    if suffix in _OLD:
        raise NoText(f"{suffix} files are not read; save it as {_OLD[suffix]}")
    if suffix == ".zip":
        raise NoText("an archive; unpack it and give the folder")
    size = file.path.stat().st_size
    if size > LARGEST_FILE:
        raise unreadable(f"it has {size:,} bytes and the limit is {LARGEST_FILE:,}; split it")
    data = file.path.read_bytes()
    if suffix in _BYTES:
        read = _BYTES[suffix]
        return [whole(file.name, data, lambda: _guarded(read, data))]
    text = decode(data)
    if suffix == ".json":
        return _json(file, text, data)
    as_text = _TEXTS.get(suffix, plain_passages)
    return [whole(file.name, data, lambda: _guarded(as_text, text))]


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 with its mark, or else the Western European of older systems.

    Raises:
        NoText: It is not text.
    """
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    for candidate in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
        break
    raise NoText("it holds no text, or is of a kind that is not read")


def _json(file: File, text: str, data: bytes) -> list[SourceDocument]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if "\n" in text.strip() and "Extra data" in str(error):  # JSON lines under another name
            return [whole(file.name, data, lambda: _guarded(line_passages, text))]
        raise unreadable(f"it is not JSON: {error}") from None
    if file.people is not None:
        title = f"Slack #{PurePath(file.name).parent.name}"
        return [parsed(file.name, title, _guarded(file.people.day, value))]
    kind = kind_of(value)
    if kind is not None:
        return _guarded(lambda values: conversations(kind, values), value)
    values = value if isinstance(value, list) else [value]
    return [whole(file.name, data, lambda: _guarded(object_passages, values))]


def _guarded(read: Callable[[Any], Iterable[_Found]], content: Any) -> list[_Found]:
    """What a reader finds; whatever a library raises about a damaged file says so."""
    try:
        return list(read(content))
    except HindsightTeamsError:
        raise
    except Exception as error:  # a library that meets a damaged file may raise anything
        raise unreadable(f"it is damaged: {type(error).__name__}: {error}") from error
