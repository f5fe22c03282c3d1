"""Streams: the order of memories that have no document in common, within a session or within a bank."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

ARRIVAL: Final = 0
"""The stream of a bank's undated memories, in the order in which they arrived."""

DATED: Final = 1
"""The stream of a bank's dated memories, in the order of their dates."""

_SESSION = "session:"
"""The signature's tag for the session of a run; see ``access.signatures``."""


def stream(tags: Sequence[str], *, dated: bool) -> int:
    """The stream of a memory that stands alone in its document, or in none: the run's session where it is known."""
    for tag in tags:
        if tag.startswith(_SESSION):
            return _of_session(tag)
    return DATED if dated else ARRIVAL


@lru_cache(maxsize=1 << 10)
def _of_session(tag: str) -> int:
    return int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=7).digest(), "big") + 2
