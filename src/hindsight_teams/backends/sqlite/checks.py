"""What the embedded engine takes and what it refuses, before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import (
    BUDGETS,
    MEMORY_TYPES,
    TAGS_MATCHES,
    RetainItem,
    UpdateMode,
    check_choice,
    check_max_tokens,
)
from hindsight_teams.requests.tags import check_group, check_tags

MAX_CONTENT = 1_000_000
"""Characters of one piece of content."""

MAX_FIELD = 100_000
"""Characters of a context, a tag, a document id, and of all metadata together."""

MAX_QUERY = 4_000
"""Characters of a query that count; the rest is cut, as a Hindsight server does."""

_ALLOWED_CONTROLS = frozenset("\t\n\v\f\r\x85")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_item(item: RetainItem) -> RetainItem:
    """The item, if it can be stored.

    Raises:
        InvalidInput: It names the field and says what to do.
    """
    check_text("content", item.content, limit=MAX_CONTENT)
    if not item.content.strip():
        raise InvalidInput("content is empty; give at least one visible character")
    if item.context is not None:
        check_text("context", item.context)
    if item.document_id is not None:
        check_text("document_id", item.document_id)
        if not item.document_id.strip():
            raise InvalidInput("document_id is empty; leave it out or give it a visible character")
    check_choice("update_mode", item.update_mode, get_args(UpdateMode))
    if item.update_mode == "append" and item.document_id is None:
        raise InvalidInput("update_mode='append' needs the document_id to add to")
    for tag in check_tags(item.tags):
        check_text("tags", tag)
    if isinstance(item.entities, str) or not all(isinstance(e, str) and e.strip() for e in item.entities or ()):
        raise InvalidInput(f"entities={item.entities!r} must be a list of non-empty strings")
    for entity in item.entities or ():
        check_text("entities", entity)
    _check_metadata(item.metadata)
    to_microseconds("timestamp", item.timestamp)
    return item


def check_text(name: str, text: Any, *, limit: int = MAX_FIELD) -> None:
    """Refuse what is no text, too long, holds control characters or halves of surrogate pairs.

    Raises:
        InvalidInput: It names the field and says what to do.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"{name} must be a string, not {type(text).__name__}")
    if len(text) > limit:
        raise InvalidInput(
            f"{name} has {len(text):,} characters; the limit is {limit:,}: split it into several retains"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{name} holds half of a surrogate pair at position {error.start}; remove it") from None
    if not text.isprintable():
        for position, c in enumerate(text):
            if (c < " " or "\x7f" <= c < "\xa0") and c not in _ALLOWED_CONTROLS:
                raise InvalidInput(f"{name} holds the control character {c!r} at position {position}; remove it")


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, Mapping):
        raise InvalidInput(f"metadata must be a mapping of strings, not {type(metadata).__name__}")
    size = 0
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidInput(f"metadata[{key!r}]={value!r}: keys and values must be strings")
        check_text("metadata", key)
        check_text(f"metadata[{key!r}]", value)
        size += len(key) + len(value)
    if size > MAX_FIELD:
        raise InvalidInput(f"metadata has {size:,} characters; the limit is {MAX_FIELD:,}: shorten it")


def check_query(query: Any) -> str:
    """The query, cut to ``MAX_QUERY`` characters.

    Raises:
        InvalidInput: Not a string, or empty.
    """
    if not isinstance(query, str):
        raise InvalidInput(f"query must be a string, not {type(query).__name__}")
    if not query.strip():
        raise InvalidInput("query is empty; say what to look for")
    return query[:MAX_QUERY].encode(errors="replace").decode()


def check_recall(
    budget: str, max_tokens: int, tags: Any, tags_match: str, tag_groups: Any, types: Sequence[str] | None
) -> None:
    """Refuse bad options of a recall or reflect.

    Raises:
        InvalidInput: It names the option and its known values.
    """
    check_choice("budget", budget, BUDGETS)
    check_max_tokens(max_tokens)
    check_filter(tags, tags_match)
    if tag_groups is not None:
        if isinstance(tag_groups, str | bytes | Mapping) or not isinstance(tag_groups, Sequence):
            raise InvalidInput(f"tag_groups={tag_groups!r} must be a list of groups")
        for group in tag_groups:
            check_group(group)
    if isinstance(types, str):
        raise InvalidInput(f"types={types!r} must be a list such as ['world']")
    for kind in types or ():
        check_choice("types", kind, MEMORY_TYPES)


def check_filter(tags: Any, tags_match: str) -> None:
    """Refuse a bad flat tag filter.

    Raises:
        InvalidInput: It names what is wrong.
    """
    check_tags(tags)
    check_choice("tags_match", tags_match, TAGS_MATCHES)


def check_page(limit: int, offset: int) -> None:
    """Refuse a page that can't be.

    Raises:
        InvalidInput: It says what both numbers must be.
    """
    for name, value, least in (("limit", limit, 1), ("offset", offset, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 62:
            raise InvalidInput(f"{name}={value!r} must be a whole number of at least {least}")


def to_microseconds(name: str, moment: Any) -> int | None:
    """Microseconds since 1970 in UTC; a naive datetime is taken as UTC.

    Raises:
        InvalidInput: Not a datetime.
    """
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise InvalidInput(f"{name}={moment!r} must be a datetime with a time zone")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta: timedelta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(value: int | None) -> datetime | None:
    """The aware datetime of ``to_microseconds``."""
    if value is None:
        return None
    return _EPOCH + timedelta(microseconds=value)
