"""The limits of the embedded engine."""

from __future__ import annotations

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import RetainItem

MAX_CONTENT = 1_000_000
"""Characters of one piece of content."""

MAX_FIELD = 100_000
"""Characters of a context, a tag, a document id, and of all metadata together."""

MAX_QUERY = 4_000
"""Characters of a query that count; the rest is cut, as a Hindsight server does."""


def check_item(item: RetainItem) -> None:
    """Refuse an item that is too long to be stored.

    Raises:
        InvalidInput: It names the field and says what to do.
    """
    check_length("content", item.content, limit=MAX_CONTENT)
    for name, value in (("context", item.context), ("document_id", item.document_id)):
        if value is not None:
            check_length(name, value)
    for name, values in (("tags", item.tags), ("entities", item.entities)):
        for value in values or ():
            if len(value) > MAX_FIELD:
                check_length(name, value)
    if metadata := item.metadata:
        size = sum(map(len, metadata)) + sum(map(len, metadata.values()))
        if size > MAX_FIELD:
            raise InvalidInput(f"metadata has {size:,} characters; the limit is {MAX_FIELD:,}: shorten it")


def check_length(name: str, text: str, *, limit: int = MAX_FIELD) -> None:
    """Refuse a text that is too long.

    Raises:
        InvalidInput: It names the field and says what to do.
    """
    if len(text) > limit:
        raise InvalidInput(
            f"{name} has {len(text):,} characters; the limit is {limit:,}: split it into several retains"
        )
