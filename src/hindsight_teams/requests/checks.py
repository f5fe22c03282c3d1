"""Checks of the values of a request. Pure.

Each raises ``InvalidInput``, or ``InvalidBankId`` for a bank id, which names the value and says what it must be.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from hindsight_teams.errors import InvalidBankId, InvalidInput
from hindsight_teams.models import BUDGETS, MEMORY_TYPES, RetainItem, check_choice, check_max_tokens
from hindsight_teams.requests.tags import check_tags

_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f]")
UPDATE_MODES = ("replace", "append")

MAX_BANK_ID = 192
"""Longest bank id a Hindsight server takes, in UTF-8 bytes."""


REVIEW = "review"
"""The name under which a team's review bank stands among its banks."""


def is_review_bank(bank_id: str) -> bool:
    """Whether this is the id of some team's review bank, which holds proposals and what is in quarantine."""
    return bank_id.endswith(f":{REVIEW}:queue") and bank_id.count(":") == 2


def check_bank_id(bank_id: Any) -> str:
    """A bank id given by hand, exactly as given."""
    if not isinstance(bank_id, str):
        raise InvalidBankId(f"bank id {bank_id!r} must be a string, not {type(bank_id).__name__}")
    return _bank_id(bank_id)


@lru_cache(maxsize=4096)
def _bank_id(bank_id: str) -> str:
    if not bank_id.strip():
        raise InvalidBankId(f"bank id {bank_id!r} is empty; give it at least one visible character")
    if bank_id != bank_id.strip():
        raise InvalidBankId(f"bank id {bank_id!r} begins or ends with white space; remove it")
    if bank_id in (".", ".."):
        raise InvalidBankId(f"bank id {bank_id!r} is a path step, which a URL can't carry; choose another")
    for character, why in (("/", "a URL path can't carry it"), ("\\", "it is read as a path separator")):
        if character in bank_id:
            raise InvalidBankId(f"bank id {bank_id!r} holds {character!r}, and {why}; use ':' or '-' instead")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in bank_id):
        raise InvalidBankId(f"bank id {bank_id!r} holds a control character; remove it")
    try:
        size = len(bank_id.encode())
    except UnicodeEncodeError:
        raise InvalidBankId(f"bank id {bank_id!r} is not valid Unicode; it holds half of a surrogate pair") from None
    if size > MAX_BANK_ID:
        raise InvalidBankId(f"bank id {bank_id[:40]!r}... has {size} UTF-8 bytes; the limit is {MAX_BANK_ID}")
    return bank_id


def check_text(name: str, value: Any) -> str:
    """A text with something in it."""
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a string, not {type(value).__name__}")
    if not value.strip():
        raise InvalidInput(f"{name} is empty; give it some text")
    return check_characters(name, value)


def check_characters(name: str, value: str) -> str:
    """A text that every store and every wire can carry."""
    if value.isascii() and value.isprintable():  # as mostly
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name} is not valid Unicode: it holds half of a surrogate pair; remove it") from None
    if not value.isprintable() and (found := _CONTROL.search(value)):
        raise InvalidInput(f"{name} holds the control character {found.group()!r}; remove it")
    return value


def check_time(name: str, value: Any) -> datetime | None:
    """A point in time, aware: a naive one is taken as UTC, on every backend alike."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInput(f"{name}={value!r} must be a datetime with a time zone")
    return value if value.utcoffset() is not None else value.replace(tzinfo=UTC)


def check_metadata(metadata: Any) -> dict[str, str]:
    """Metadata as a dict of strings."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidInput(f"metadata must be a mapping of strings, not {type(metadata).__name__}")
    try:
        together = "".join((*metadata, *metadata.values()))
    except TypeError:
        together = "\0"
    if together.isascii() and together.isprintable():  # as nearly always: one look instead of two a key
        return dict(metadata)
    for key, value in metadata.items():
        if not isinstance(key, str):
            raise InvalidInput(f"metadata has the key {key!r}; each key must be a string")
        if not isinstance(value, str):
            raise InvalidInput(
                f"metadata[{key!r}] is {type(value).__name__}; each value must be a string: use str(...)"
            )
        check_characters(f"metadata[{key!r}]", value)
        check_characters("a metadata key", key)
    return dict(metadata)


def check_item(item: Any) -> RetainItem:
    """An item to retain, with every field checked and its timestamp aware."""
    if not isinstance(item, RetainItem):
        raise InvalidInput(f"each item must be a RetainItem, not {type(item).__name__}")
    check_text("content", item.content)
    timestamp = check_time("timestamp", item.timestamp)
    if item.metadata is not None:
        check_metadata(item.metadata)
    if item.tags is not None:
        check_tags(item.tags)
    if item.entities is not None:
        check_tags(item.entities, name="entities")
    check_choice("update_mode", item.update_mode, UPDATE_MODES)
    for scope in item.observation_scopes or ():
        check_tags(scope, name="observation_scopes")
    if item.context is not None:
        check_context(item.context)
    if item.document_id is not None:
        check_text("document_id", item.document_id)
    elif item.update_mode == "append":
        raise InvalidInput("update_mode='append' needs the document_id of what to add to")
    return item if timestamp is item.timestamp else replace(item, timestamp=timestamp)


def check_context(context: Any, name: str = "context") -> str:
    """A context, or another text, which may be empty."""
    if not isinstance(context, str):
        raise InvalidInput(f"{name} must be a string, not {type(context).__name__}")
    return check_characters(name, context)


def check_items(items: Any) -> list[RetainItem]:
    """The items of a batch."""
    if isinstance(items, str | bytes) or not isinstance(items, Sequence):
        raise InvalidInput("items must be a list of RetainItem")
    checked = []
    for position, item in enumerate(items):
        try:
            checked.append(check_item(item))
        except InvalidInput as error:
            place = f"items[{position}]: " if len(items) > 1 else ""
            raise InvalidInput(f"{place}{error.message}") from None
    return checked


def check_search(query: Any, budget: Any, max_tokens: Any) -> str:
    """The query of a recall or reflect, and its limits.

    A query is only looked for, so what no store can hold does no harm in it: it becomes a space.
    """
    if budget not in BUDGETS:
        check_choice("budget", budget, BUDGETS)
    if max_tokens is not None and (type(max_tokens) is not int or max_tokens < 1):
        check_max_tokens(max_tokens)
    if not isinstance(query, str):
        raise InvalidInput(f"query must be a string, not {type(query).__name__}")
    if not query.strip():
        raise InvalidInput("query is empty; say what to look for")
    return query if query.isprintable() else _CONTROL.sub(" ", query.encode(errors="replace").decode())


def check_types(types: Any) -> list[str] | None:
    """Kinds of memory."""
    if types is None:
        return None
    if isinstance(types, str) or not isinstance(types, Sequence):
        raise InvalidInput(f"types={types!r} must be a list such as ['world']")
    for kind in types:
        check_choice("types", kind, MEMORY_TYPES)
    return list(types)


def check_number(name: str, value: Any) -> None:
    """Refuse what is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(f"{name}={value!r} must be a finite number")


def check_uuid(name: str, value: Any) -> str:
    """A UUID in its usual form."""
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise InvalidInput(f"{name}={value!r} must be a UUID") from None


def check_operation_id(value: Any, *, background: bool) -> None:
    """Refuse an operation id that is none, or that no operation would have."""
    check_uuid("operation_id", value)
    if not background:
        raise InvalidInput("operation_id is for background=True only")


def check_ids(ids: Any) -> None:
    """Refuse ids that are not a list of strings."""
    if ids is None:
        return
    if isinstance(ids, str) or not isinstance(ids, Sequence | AbstractSet) or not all(isinstance(i, str) for i in ids):
        raise InvalidInput(f"ids={ids!r} must be a list of strings")
    check_characters("ids", "".join(ids))


def check_page(limit: Any, offset: Any) -> None:
    """Refuse a page that can't be."""
    for name, value, least in (("limit", limit, 1), ("offset", offset, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 62:
            raise InvalidInput(f"{name}={value!r} must be a whole number of at least {least}")
