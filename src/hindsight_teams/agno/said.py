"""What a user said in a run, as automatic retention takes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hindsight_teams.agno.injection import text_of
from hindsight_teams.memory.rendering import strip_injected

CONTEXT = "said by the user in a conversation with an agent"
"""What a retain of it is about, for a backend that extracts facts."""

_SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f\u061f])\s*|\n+")
_QUESTION_ENDS = ("?", "\uff1f", "\u061f")
_CLOSING = " \t\"'\u201d\u2019\u00bb)]"


def said(messages: Iterable[Any]) -> str:
    """The user's own words in a run's messages; empty where they are only questions.

    Messages from history were retained when they were said. What an agent or a tool said is not the user's, and what
    memory put in is not new. A question tells nothing, and as a memory would answer itself.
    """
    own = [
        strip_injected(text_of(message.content)).strip()
        for message in messages
        if message.role == "user" and not message.from_history
    ]
    text = "\n".join(filter(None, own))
    sentences = [sentence.rstrip(_CLOSING) for sentence in _SENTENCE_ENDS.split(text) if sentence.strip()]
    return "" if all(sentence.endswith(_QUESTION_ENDS) for sentence in sentences) else text
