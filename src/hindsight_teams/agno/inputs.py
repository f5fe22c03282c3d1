"""The input of a run as text: the last user message, without data that is not language. Pure.

A run's input may be a string, a message, a whole history of messages, parts with images in them, or data. The user's
words are the last user message; system text, history and what an assistant said are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hindsight_teams.memory.rendering import strip_injected
from hindsight_teams.text import SURROGATES, visible

MAX_QUERY_CHARACTERS = 2000
"""About the 500 tokens at which a Hindsight server cuts a query."""

MAX_CHARACTERS = 8000
"""Longest text of one memory; a longer one is split between sentences. A guard's and a server's limits are higher."""

SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f\u061f])\s*|\n+")
QUESTION_ENDS = ("?", "\uff1f", "\u061f", "\u037e", "\u2048", "\u2049", "\u055e", "\u1367")
CLOSING = " \t\"'\u201d\u2019\u00bb)]*_~!"

_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_DATA_URL = re.compile(
    r"data:([a-z]+)/[\w.+-]+(?:;[\w=.-]+)*,(?:<svg\b.*?(?:</svg>|\Z)|[A-Za-z0-9+/=_%-]+)", re.I | re.S
)
_REASONING = re.compile(r"<(think|thinking|reasoning)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.S | re.I)
_OPENLESS_REASONING = re.compile(r"\A.*?</(?:think|thinking)\s*>", re.S | re.I)
_POLITE_KOREAN = "".join(map(chr, range(ord("갑"), ord("힣"), 28)))
"""Syllables that end in b, as a polite verb does before its ending."""
_ASKING_ENDS = re.compile(
    r"(?:(?:です|ます|でした|ました|ません|でしょう)か|[吗嗎]"
    rf"|[{_POLITE_KOREAN}]니까|나요|[을할될갈볼]까요|ไหม|มั้ย|หรือเปล่า)[.\u3002\uff0e]?$"
)
"""What ends a question that has no mark: Japanese, Chinese, Korean, Thai."""
_TURKISH_ASKING = re.compile(
    r"(?:[a\u0131]\w*? m\u0131|[\u00f6\u00fc]\w*? m\u00fc)(?:y[\u0131\u00fc][mz]|s[\u0131\u00fc]n[\u0131\u00fc]?z?"
    r"|yd[\u0131\u00fc]\w{0,2}|d[\u0131\u00fc]r)?\W*$|[eiou]\w*? m[iu](?:y[iu][mz]|s[iu]n(?:[iu]z)?|yd[iu]\w{0,2}"
    r"|d[iu]r)\W*$|[\u0131\u011f\u015f].* m[iu]\W*$|(?:yor|lar|ler|[ae]cek|tti|ldi|ndi|rdi) m[iu]\W*$"
    r"|^\W*(?:hangi(?:si)?|kim(?:e|i|in)?|nere(?:de|ye|den)|ne zaman|nas\u0131l"
    r"|ka\u00e7) (?!\w*s[ae]\w{0,3}\b)[^,;:.\d]*(?<!bilmiyorum)(?<!belli de\u011fil)\W*$"
)
"""The Turkish suffixes of asking, which follow the vowel before them, and words that a question opens with."""
_LONGEST_TURKISH = 200
_GREEK = re.compile("[\u0370-\u03ff]")
_NAMING = ("filename", "name", "filepath")
_KINDS = {"image": "image", "images": "image", "audio": "audio", "video": "video"}


def words_of(run_input: Any) -> str:
    """What a run was told, cleaned: the last user message of its input, and a note of what came with it."""
    content = getattr(run_input, "input_content", run_input)
    text = clean(text_of(_last_user_message(content)))
    named = [
        _named(kind, item)
        for kind, field in (("image", "images"), ("video", "videos"), ("audio", "audios"), ("file", "files"))
        for item in (getattr(run_input, field, None) or ())
    ]
    return "\n".join(filter(None, [text, *dict.fromkeys(named)]))


def answer_of(content: Any) -> str:
    """What a run answered, cleaned, without its reasoning."""
    text = _REASONING.sub("", text_of(content))
    if "<think" not in text and "</think" in text:
        text = _OPENLESS_REASONING.sub("", text)  # some templates open it in the prompt
    return clean(text)


def clean(text: str) -> str:
    """Text as a person sees it: no injected memories, terminal codes, control characters, data or broken Unicode."""
    return repaired(strip_injected(text)).strip()


def repaired(text: str) -> str:
    """Text without what no person reads: terminal codes, control characters, data and broken Unicode."""
    if SURROGATES.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # halves of a pair find each other
    text = _DATA_URL.sub(lambda found: f"({_KINDS.get(found[1].lower(), 'file')} attached)", text)
    return visible(_TERMINAL_CODES.sub("", text))


def query_of(run_input: Any) -> str:
    """What to search memory for: the input itself, or, of a long one, its questions, its end and its beginning."""
    text = words_of(run_input)
    if len(text) <= MAX_QUERY_CHARACTERS:
        return text
    asked = questions_of(text, longest=MAX_QUERY_CHARACTERS // 2)
    left = MAX_QUERY_CHARACTERS - len(asked) - 2
    parts = [asked, text[-(left * 2 // 3) :].strip(), text[: left // 3].strip()]
    return "\n".join(filter(None, parts))[:MAX_QUERY_CHARACTERS]


def questions_of(text: str, *, longest: int = MAX_QUERY_CHARACTERS) -> str:
    """The questions in a text, the last one first; empty where it asks nothing."""
    questions = [part.strip() for part in SENTENCE_ENDS.split(text) if asks(part)]
    return "\n".join(question[-longest // 2 :] for question in dict.fromkeys(reversed(questions)))[:longest]


def asks(sentence: str) -> bool:
    """Whether a sentence ends as a question: with its mark, or the word that stands for it where there is none."""
    ended = sentence.rstrip(CLOSING)
    return (
        ended.endswith(QUESTION_ENDS)
        or (ended.endswith(";") and bool(_GREEK.search(ended)))
        or bool(_ASKING_ENDS.search(ended))
        or (len(ended) < _LONGEST_TURKISH and bool(_TURKISH_ASKING.search(ended.replace("\u0130", "i").lower())))
    )


def text_of(content: Any) -> str:
    """The text of a run's input: of a string, a message, messages or parts; anything else as JSON or ``str``."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list | tuple):
        return "\n".join(filter(None, map(text_of, content)))
    if isinstance(content, Mapping):
        return _mapping_text(content)
    if hasattr(content, "role") and hasattr(content, "content"):
        return text_of(content.content)
    if hasattr(content, "model_dump_json"):
        return str(content.model_dump_json(exclude_none=True))
    return str(content)


def _mapping_text(content: Mapping[str, Any]) -> str:
    if isinstance(content.get("text"), str):
        return str(content["text"])
    if "content" in content:
        return text_of(content["content"])
    kind = str(content.get("type", ""))
    for name in ("image", "audio", "video", "file"):
        if name in kind or f"{name}_url" in content:
            return _named(name, content.get(name) or content)
    return json.dumps(content, ensure_ascii=False, default=str)


def _named(kind: str, item: Any) -> str:
    """A note of an attachment: its kind, and its name where it has one."""
    fields = item if isinstance(item, Mapping) else {name: getattr(item, name, None) for name in _NAMING}
    given = (fields.get(field) for field in _NAMING)
    name = next((re.split(r"[\\/]", str(one))[-1] for one in given if one and isinstance(one, str | Path)), None)
    return f"({kind} attached: {clean(name)[:200]})" if name else f"({kind} attached)"


def _last_user_message(content: Any) -> Any:
    """Of messages the last that a user wrote; content that is not a list of messages, as it is."""
    if not isinstance(content, Sequence) or isinstance(content, str):
        return content
    if not any(_role(item) for item in content):
        return content
    return next((item for item in reversed(content) if _role(item) == "user"), None)


def _role(item: Any) -> Any:
    return item.get("role") if isinstance(item, Mapping) else getattr(item, "role", None)


def own_messages(messages: Iterable[Any]) -> list[str]:
    """What the user wrote in these messages of one run, cleaned: not what is there as history."""
    return [
        text
        for message in messages
        if message.role == "user" and not message.from_history and (text := clean(text_of(message.content)))
    ]
