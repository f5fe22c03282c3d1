"""What every backend refuses before anything is sent or stored. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import BUDGETS, MEMORY_TYPES, TAGS_MATCHES, RetainItem, check_choice, check_max_tokens
from hindsight_teams.requests.tags import check_group, check_tags

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
    """A point in time, aware: a naive one is taken as UTC, on every backend alike.

    Raises:
        InvalidInput: Not a datetime.
    """
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInput(f"{name}={value!r} must be a datetime with a time zone")
    return value if value.utcoffset() is not None else value.replace(tzinfo=UTC)


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
    """An item to retain, with every field checked and its timestamp aware.

    Raises:
        InvalidInput: It names the field.
    """
    if not isinstance(item, RetainItem):
        raise InvalidInput(f"each item must be a RetainItem, not {type(item).__name__}")
    check_text("content", item.content)
    timestamp = check_time("timestamp", item.timestamp)
    check_metadata(item.metadata)
    check_tags(item.tags)
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


def check_context(context: Any) -> str:
    """A context, which may be empty.

    Raises:
        InvalidInput: Not a string, or one with control characters.
    """
    if not isinstance(context, str):
        raise InvalidInput(f"context must be a string, not {type(context).__name__}")
    return check_characters("context", context)


def check_items(items: Any) -> list[RetainItem]:
    """The items of a batch.

    Raises:
        InvalidInput: It names the position and the field.
    """
    if isinstance(items, str | bytes) or not isinstance(items, Sequence):
        raise InvalidInput("items must be a list of RetainItem")
    checked = []
    for position, item in enumerate(items):
        try:
            checked.append(check_item(item))
        except InvalidInput as error:
            raise InvalidInput(f"items[{position}]: {error.message}") from None
    return checked


def check_recall(query: Any, budget: Any, max_tokens: Any) -> str:
    """The query of a recall or reflect, with its limits.

    Raises:
        InvalidInput: It names the argument.
    """
    check_choice("budget", budget, BUDGETS)
    if max_tokens is not None:
        check_max_tokens(max_tokens)
    return check_text("query", query)


def check_types(types: Any) -> list[str] | None:
    """Kinds of memory.

    Raises:
        InvalidInput: It names the unknown kind.
    """
    if types is None:
        return None
    if isinstance(types, str) or not isinstance(types, Sequence):
        raise InvalidInput(f"types={types!r} must be a list such as ['world']")
    for kind in types:
        check_choice("types", kind, MEMORY_TYPES)
    return list(types)


def check_filter(tags: Any, tags_match: Any, tag_groups: Any = None) -> list[str]:
    """The flat tags of a filter.

    Raises:
        InvalidInput: It shows the part that is wrong.
    """
    check_choice("tags_match", tags_match, TAGS_MATCHES)
    if tag_groups is not None:
        if isinstance(tag_groups, str | bytes | Mapping) or not isinstance(tag_groups, Sequence):
            raise InvalidInput(f"tag_groups={tag_groups!r} must be a list of groups")
        for group in tag_groups:
            check_group(group)
    return check_tags(tags)


def check_deletion(ids: Any, document_id: Any, tags: Any, tags_match: Any) -> None:
    """Refuse a deletion that selects nothing.

    Raises:
        InvalidInput: It says how to select.
    """
    check_filter(tags, tags_match)
    check_tags(ids, name="ids")
    if document_id is not None:
        check_text("document_id", document_id)
    if ids is None and document_id is None and not tags and not (tags is not None and tags_match == "exact"):
        raise InvalidInput("say which memories to delete: ids, document_id or tags; delete_bank deletes everything")


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
