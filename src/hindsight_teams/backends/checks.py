"""What every backend refuses before anything is sent or stored. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import RetainItem, check_choice
from hindsight_teams.tags import check_tags

_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f]")
UPDATE_MODES = ("replace", "append")


def check_text(name: str, value: Any) -> str:
    """A text with something in it.

    Raises:
        InvalidInput: Not a string, blank, or not valid Unicode.
    """
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a string, not {type(value).__name__}")
    if not value.strip():
        raise InvalidInput(f"{name} is empty; give it some text")
    return check_characters(name, value)


def check_characters(name: str, value: str) -> str:
    """A text that every store and every wire can carry.

    Raises:
        InvalidInput: It holds half of a surrogate pair, or a control character other than white space.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name} is not valid Unicode: it holds half of a surrogate pair; remove it") from None
    if not value.isprintable() and (found := _CONTROL.search(value)):
        raise InvalidInput(f"{name} holds the control character {found.group()!r}; remove it")
    return value


def check_time(name: str, value: Any) -> datetime | None:
    """A point in time that means the same everywhere.

    Raises:
        InvalidInput: Not a datetime, or one without a time zone.
    """
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInput(f"{name}={value!r} must be a datetime with a time zone")
    if value.utcoffset() is None:
        raise InvalidInput(f"{name}={value.isoformat()!r} has no time zone; add one, such as tzinfo=timezone.utc")
    return value


def check_metadata(metadata: Any) -> dict[str, str]:
    """Metadata as a dict of strings.

    Raises:
        InvalidInput: It names the key whose value is no string.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidInput(f"metadata must be a mapping of strings, not {type(metadata).__name__}")
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
    """An item to retain, with every field checked.

    Raises:
        InvalidInput: It names the field.
    """
    if not isinstance(item, RetainItem):
        raise InvalidInput(f"each item must be a RetainItem, not {type(item).__name__}")
    check_text("content", item.content)
    check_time("timestamp", item.timestamp)
    check_metadata(item.metadata)
    check_tags(item.tags)
    check_tags(item.entities, name="entities")
    check_choice("update_mode", item.update_mode, UPDATE_MODES)
    if item.context is not None:
        if not isinstance(item.context, str):
            raise InvalidInput(f"context must be a string, not {type(item.context).__name__}")
        check_characters("context", item.context)
    if item.document_id is not None:
        check_text("document_id", item.document_id)
    elif item.update_mode == "append":
        raise InvalidInput("update_mode='append' needs the document_id of what to add to")
    return item


def check_items(items: Any) -> list[RetainItem]:
    """The items of a batch.

    Raises:
        InvalidInput: It names the position and the field.
    """
    if isinstance(items, str | bytes) or not isinstance(items, Sequence):
        raise InvalidInput("items must be a list of RetainItem")
    for position, item in enumerate(items):
        try:
            check_item(item)
        except InvalidInput as error:
            raise InvalidInput(f"items[{position}]: {error.message}") from None
    return list(items)


def check_uuid(name: str, value: Any) -> str:
    """A UUID in its usual form.

    Raises:
        InvalidInput: It is none.
    """
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise InvalidInput(f"{name}={value!r} must be a UUID") from None


def check_page(limit: Any, offset: Any) -> None:
    """Refuse a page that can't be.

    Raises:
        InvalidInput: A limit below 1 or an offset below 0.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidInput(f"limit={limit!r} must be a whole number of at least 1")
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise InvalidInput(f"offset={offset!r} must be a whole number of at least 0")
