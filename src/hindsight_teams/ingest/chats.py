"""Chat exports of other products: each message is a passage with its speaker and time."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hindsight_teams.ingest.document import Passage, SourceDocument, moment, parsed

Kind = Literal["claude", "chatgpt"]

_BOOKKEEPING = (
    *("channel_join", "channel_leave", "group_join", "group_leave", "bot_add", "bot_remove"),
    *("message_deleted", "tombstone"),
)
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def kind_of(value: Any) -> Kind | None:
    """Which product wrote a ``conversations.json``; None for any other JSON."""
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, Mapping):
        if isinstance(first.get("chat_messages"), list):
            return "claude"
        if isinstance(first.get("mapping"), Mapping):
            return "chatgpt"
    return None


def conversations(kind: Kind, values: Sequence[Any]) -> Iterator[SourceDocument]:
    """The conversations of an export, each a document of its own; what is not one is left out."""
    for number, value in enumerate(values):
        if not isinstance(value, Mapping):
            continue
        if kind == "claude":
            name, title, passages = value.get("uuid"), value.get("name"), list(_claude(value))
        else:
            name, title = value.get("conversation_id") or value.get("id"), value.get("title")
            passages = list(_chatgpt(value))
        label = title if isinstance(title, str) and title.strip() else f"{kind} conversation"
        yield parsed(f"{kind}:{name or number}", " ".join(label.split()), passages)


def _claude(value: Mapping[str, Any]) -> Iterator[Passage]:
    for message in value.get("chat_messages") or ():
        if not isinstance(message, Mapping):
            continue
        speaker = "user" if message.get("sender") == "human" else str(message.get("sender") or "assistant")
        at = moment(message.get("created_at"))
        texts = [block["text"] for block in _mappings(message.get("content")) if isinstance(block.get("text"), str)]
        text = "\n\n".join(filter(None, texts)) or message.get("text")
        if isinstance(text, str) and text.strip():
            yield Passage(text, None, speaker, at)
        for file in _mappings(message.get("attachments")):
            if isinstance(file.get("extracted_content"), str):
                yield Passage(file["extracted_content"], str(file.get("file_name") or "attachment"), speaker, at)


def _chatgpt(value: Mapping[str, Any]) -> Iterator[Passage]:
    for node in _branch(value):
        message = node.get("message")
        if not isinstance(message, Mapping) or not isinstance(message.get("author"), Mapping):
            continue
        role = message["author"].get("role")
        metadata = message.get("metadata")
        hidden = isinstance(metadata, Mapping) and metadata.get("is_visually_hidden_from_user")
        if role not in ("user", "assistant") or hidden or message.get("recipient") not in (None, "all"):
            continue
        text = _content(message.get("content"))
        if text.strip():
            yield Passage(text, None, role, moment(message.get("create_time")))


def _branch(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The messages that the conversation shows: from the root to the current one, without the answers it dropped."""
    nodes: Mapping[str, Any] = value.get("mapping") or {}
    at = value.get("current_node")
    if not isinstance(at, str) or at not in nodes:
        leaves = (
            name
            for name, node in reversed(list(nodes.items()))
            if isinstance(node, Mapping) and not node.get("children")
        )
        at = next(leaves, None)
    branch: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    while isinstance(at, str) and at in nodes and at not in seen and isinstance(nodes[at], Mapping):
        seen.add(at)
        branch.append(nodes[at])
        at = nodes[at].get("parent")
    return branch[::-1]


def _content(content: Any) -> str:
    if not isinstance(content, Mapping):
        return ""
    parts = content.get("parts")
    if isinstance(parts, list):
        texts = [part if isinstance(part, str) else part.get("text") for part in parts if isinstance(part, str | dict)]
        return "\n\n".join(text for text in texts if isinstance(text, str) and text)
    text = content.get("text") or content.get("result") or ""
    return text if isinstance(text, str) else ""


@dataclass(frozen=True, slots=True)
class SlackPeople:
    """Who is behind the ids of a Slack export."""

    names: Mapping[str, str]

    @classmethod
    def of(cls, users: Any) -> SlackPeople:
        """From the export's ``users.json``."""
        names = {}
        for user in users if isinstance(users, list) else []:
            if isinstance(user, Mapping) and isinstance(user.get("id"), str):
                profile: Any = user.get("profile")
                profile = profile if isinstance(profile, Mapping) else {}
                known = (profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name"))
                names[user["id"]] = next((name for name in known if isinstance(name, str) and name), user["id"])
        return cls(names)

    def day(self, messages: Any) -> Iterator[Passage]:
        """The messages of one channel's file for one day, without who came and who went."""
        for message in messages if isinstance(messages, list) else []:
            if not isinstance(message, Mapping) or message.get("subtype") in _BOOKKEEPING:
                continue
            texts = [self._readable(message.get("text")) or "".join(_block_texts(message.get("blocks"))).strip()]
            texts += [f"[file: {file['name']}]" for file in _mappings(message.get("files")) if file.get("name")]
            texts += [
                self._readable(more.get("text") or more.get("fallback"))
                for more in _mappings(message.get("attachments"))
            ]
            text = "\n\n".join(filter(None, texts))
            if text:
                yield Passage(text, None, self._speaker(message), moment(message.get("ts")))

    def _speaker(self, message: Mapping[str, Any]) -> str | None:
        user = message.get("user")
        if isinstance(user, str) and user in self.names:
            return self.names[user]
        profile = message.get("user_profile")
        named = profile.get("real_name") if isinstance(profile, Mapping) else None
        found = named or message.get("username") or user or message.get("bot_id")
        return found if isinstance(found, str) else None

    def _readable(self, text: Any) -> str:
        """Slack's own marks as text: ``<@U1>`` is a name, ``<https://x|label>`` a label with its address."""
        return html.unescape(_LINK.sub(self._link, text)).strip() if isinstance(text, str) else ""

    def _link(self, found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target.startswith("@"):
            return f"@{self.names.get(target[1:], label or target[1:])}"
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        return f"{label} ({target})" if label and label != target else target


def _block_texts(block: Any) -> Iterator[str]:
    """The texts of Slack's blocks, in which some apps write alone."""
    if isinstance(block, list):
        for part in block:
            yield from _block_texts(part)
    elif isinstance(block, Mapping):
        text = block.get("text")
        if isinstance(text, str):
            yield text
        else:
            yield from _block_texts(text)
        for name in ("elements", "fields"):
            yield from _block_texts(block.get(name))
        if block.get("type") in ("section", "rich_text_section", "header"):
            yield "\n"


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
