"""HindsightMemoryManager: memory for Agno's ``memory_manager=``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Unpack

from agno.db.schemas import UserMemory
from agno.memory import MemoryManager
from agno.models.message import Message
from agno.run.base import RunContext

from hindsight_teams.access.grants import FULL, Access, Caller
from hindsight_teams.access.signatures import own_tags
from hindsight_teams.agno.said import as_said, said
from hindsight_teams.errors import InvalidInput, Unsupported
from hindsight_teams.memory.browsing import Holdings
from hindsight_teams.memory.direct import BankOptions, bank_of, memory_for
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.member_options import MemberRetainOptions
from hindsight_teams.memory.rendering import escape
from hindsight_teams.models import Memory, Receipt
from hindsight_teams.text import one_line

_NOBODY = "default"
"""What Agno calls the user of a run that has none."""

STORED = "Memory stored."
NOTHING_SAID = "There was nothing to remember."


class HindsightMemoryManager(MemoryManager):
    """A MemoryManager whose memories are a Hindsight bank for each user.

    No model is called to choose what to keep: the user's words are retained, and the backend takes the facts out of
    them. No Agno database is needed; Agno warns that there is none all the same.

    A run without a user is an error, as is the user "default", which is what Agno makes of it: there are no memories
    that belong to everybody.

    Args:
        memory: A member's memory, from ``TeamMemory.member(...)``; its rights hold.
        bank: Which bank, where the member holds several that are scoped by user.
        max_memories: Most memories in a system message: the newest.
        id: A stable id, by which a stored agent finds the manager in a Registry.
        name: Another name for it.
        **options: Instead of ``memory``, ``BankOptions`` as HindsightTools takes them. With a ``bank_id`` all memories
            are one person's.

    Raises:
        InvalidInput: A bad option, options besides ``memory``, or no bank that is scoped by user.
        ConfigurationError: A bad URL, key or setting.

    Examples:
        >>> from agno.agent import Agent
        >>> agent = Agent(
        ...     memory_manager=HindsightMemoryManager(), update_memory_on_run=True, add_memories_to_context=True
        ... )
    """

    def __init__(
        self,
        memory: MemberMemory | None = None,
        *,
        bank: str | None = None,
        max_memories: int = 100,
        id: str | None = None,
        name: str | None = None,
        **options: Unpack[BankOptions],
    ) -> None:
        super().__init__(id=id, name=name)
        if isinstance(max_memories, bool) or not isinstance(max_memories, int) or max_memories < 1:
            raise InvalidInput(f"max_memories={max_memories!r} must be a whole number of at least 1")
        self.memory = memory_for(memory, FULL, options).for_words_of_others()
        self.bank = bank_of(self.memory, Access.RETAIN | Access.RECALL, bank, needs="user")
        self.max_memories = max_memories
        self.holdings = Holdings(self.memory, self.bank)

    def __deepcopy__(self, memo: dict[int, Any]) -> HindsightMemoryManager:
        return self

    # --- reading ------------------------------------------------------------------------------------------------

    def get_user_memories(self, user_id: str | None = None) -> list[UserMemory]:
        """The user's newest memories, the oldest of them first.

        Raises:
            IdentityRequired: There is no user.
            AccessDenied: The member may not recall.
            BackendError: They could not be read.
        """
        caller = self._caller(user_id)
        return _user_memories(self.holdings.newest(self.max_memories, caller=caller), caller)

    async def aget_user_memories(self, user_id: str | None = None) -> list[UserMemory]:
        """Async twin of ``get_user_memories``."""
        caller = self._caller(user_id)
        return _user_memories(await self.holdings.anewest(self.max_memories, caller=caller), caller)

    def get_user_memory(self, memory_id: str, user_id: str | None = None) -> UserMemory | None:
        """One memory of the user; None where there is no such memory. Errors as for ``get_user_memories``."""
        caller = self._caller(user_id)
        found = self.holdings.find(memory_id, caller=caller)
        return _user_memory(found, caller) if found else None

    def read_from_db(self, user_id: str | None = None) -> dict[str, list[UserMemory]]:
        """The user's newest memories by user id. Errors as for ``get_user_memories``."""
        return {user_id or "": self.get_user_memories(user_id)}

    async def aread_from_db(self, user_id: str | None = None) -> dict[str, list[UserMemory]]:
        """Async twin of ``read_from_db``."""
        return {user_id or "": await self.aget_user_memories(user_id)}

    def search_user_memories(
        self,
        query: str | None = None,
        limit: int | None = None,
        retrieval_method: Literal["last_n", "first_n", "agentic"] | None = None,
        user_id: str | None = None,
    ) -> list[UserMemory]:
        """Memories of the user: with a query those that bear on it, best first, found without a model.

        Args:
            query: What to look for; needed for ``agentic``.
            limit: Most memories to return.
            retrieval_method: ``agentic`` recalls by the query, ``last_n`` gives the newest and ``first_n`` the oldest,
                each oldest first. When None: ``agentic`` with a query, ``last_n`` without.
            user_id: The user.

        Raises:
            InvalidInput: ``agentic`` without a query.
            IdentityRequired: There is no user.
        """
        caller = self._caller(user_id)
        method = retrieval_method or ("agentic" if query else "last_n")
        if method != "agentic":
            listed = self.holdings.newest if method == "last_n" else self.holdings.oldest
            return _user_memories(listed(limit or sys.maxsize, caller=caller), caller)
        with self.memory.recording_failure("recall", caller):
            if not query:
                raise InvalidInput("a search by meaning needs query=; or give retrieval_method='last_n'")
        found = self.memory.recall(query, caller=caller, banks=[self.bank])
        return _user_memories(found.results[:limit], caller)

    # --- writing ------------------------------------------------------------------------------------------------

    def create_user_memories(
        self,
        message: str | None = None,
        messages: list[Message] | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        user_id: str | None = None,
        run_metrics: Any = None,
    ) -> str:
        """Retain what the user said: ``message``, else the user's part of ``messages``; what are questions is left out.

        Raises:
            IdentityRequired: There is no user.
            AccessDenied: The member may not retain.
            ContentRefused: The guard refused it.
            BackendError: It could not be stored.
        """
        text, options = self._told(message, messages, user_id)
        if text:
            self.memory.retain(text, **options)
        return STORED if text else NOTHING_SAID

    async def acreate_user_memories(
        self,
        message: str | None = None,
        messages: list[Message] | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        user_id: str | None = None,
        run_metrics: Any = None,
    ) -> str:
        """Async twin of ``create_user_memories``."""
        text, options = self._told(message, messages, user_id)
        if text:
            await self.memory.aretain(text, **options)
        return STORED if text else NOTHING_SAID

    def add_user_memory(self, memory: UserMemory, user_id: str | None = None) -> str | None:
        """Retain one memory, its topics as tags. One that has an id replaces what was added under that id.

        Returns:
            The memory's id; None where the backend extracts facts later, or the guard held the memory back.

        Raises:
            IdentityRequired: There is no user.
            AccessDenied: The member may not retain.
            BackendError: It could not be stored.
        """
        receipt = self._add(memory, self._caller(user_id), memory.memory_id)
        return receipt.memory_ids[0] if receipt.memory_ids and not receipt.quarantined else None

    def replace_user_memory(self, memory_id: str, memory: UserMemory, user_id: str | None = None) -> str | None:
        """Retain one memory in place of another, which is removed once the new one is stored.

        Returns:
            The new memory's id; None as for ``add_user_memory``.

        Raises:
            AccessDenied: The member may not both retain and recall.
        """
        caller = self._caller(user_id)
        receipt = self._add(memory, caller, memory_id)
        if receipt.quarantined:
            return None
        self.holdings.remove([memory_id], caller=caller)
        return receipt.memory_ids[0] if receipt.memory_ids else None

    def delete_user_memory(self, memory_id: str, user_id: str | None = None) -> None:
        """Remove one memory of the user, with what was derived from it.

        Raises:
            IdentityRequired: There is no user.
            AccessDenied: The member may not both retain and recall.
        """
        self.holdings.remove([memory_id], caller=self._caller(user_id))

    def clear_user_memories(self, user_id: str | None = None) -> None:
        """Remove all memories of the user, and the bank. Errors as for ``delete_user_memory``."""
        self.holdings.clear(caller=self._caller(user_id))

    async def aclear_user_memories(self, user_id: str | None = None) -> None:
        """Async twin of ``clear_user_memories``."""
        await self.holdings.aclear(caller=self._caller(user_id))

    def clear(self) -> None:
        """Remove all memories, where one ``bank_id`` holds them; otherwise name the user.

        Raises:
            IdentityRequired: Each user has a bank; use ``clear_user_memories``.
        """
        self.clear_user_memories()

    def update_memory_task(self, task: str, user_id: str | None = None) -> str:
        """Retain a task that a model gave (``enable_agentic_memory``). Nothing is ever deleted on a model's word.

        Raises:
            IdentityRequired: There is no user.
        """
        return self.create_user_memories(task, user_id=user_id)

    async def aupdate_memory_task(self, task: str, user_id: str | None = None) -> str:
        """Async twin of ``update_memory_task``."""
        return await self.acreate_user_memories(task, user_id=user_id)

    def optimize_memories(self, *args: Any, **kwargs: Any) -> list[UserMemory]:
        """Not here: the backend consolidates by itself.

        Raises:
            Unsupported: Always.
        """
        raise Unsupported("memories are not rewritten by a model here; the backend consolidates them by itself")

    async def aoptimize_memories(self, *args: Any, **kwargs: Any) -> list[UserMemory]:
        """Async twin of ``optimize_memories``."""
        return self.optimize_memories()

    def _add(self, memory: UserMemory, caller: Caller, key: str | None) -> Receipt:
        return self.memory.retain(
            memory.memory,
            caller=caller,
            bank=self.bank,
            tags=memory.topics or None,
            timestamp=datetime.fromtimestamp(memory.created_at, UTC) if memory.created_at else None,
            document_id=f"user-memory-{key}" if key else None,
        )

    def _told(
        self, message: str | None, messages: list[Message] | None, user_id: str | None
    ) -> tuple[str, MemberRetainOptions]:
        """What is told, and how it is retained; a call that tells nothing is recorded too."""
        caller = self._caller(user_id)
        with self.memory.recording_failure("retain", caller):
            if not message and not messages:
                raise InvalidInput("there is nothing to remember; give message= or messages=")
        text = said([Message(role="user", content=message)] if message else messages or [])
        return text, as_said(text, caller=caller, bank=self.bank)

    def _caller(self, user_id: str | None) -> Caller:
        user = None if user_id == _NOBODY else user_id or None
        return self.memory.bound(user=user, context=RunContext(run_id="", session_id="", user_id=user))


def _user_memories(memories: Sequence[Memory], caller: Caller) -> list[UserMemory]:
    return [_user_memory(memory, caller) for memory in memories]


def _user_memory(memory: Memory, caller: Caller) -> UserMemory:
    """The memory as Agno puts it into a system message: on one line, with nothing in it that reads as a tag."""
    when = memory.mentioned_at or memory.occurred_at
    return UserMemory(
        memory=escape(one_line(memory.text)),
        memory_id=memory.id,
        topics=list(own_tags(memory.tags)) or None,
        user_id=caller.user or memory.metadata.get("user"),
        created_at=int(when.timestamp()) if when else None,
        updated_at=int(when.timestamp()) if when else None,
        agent_id=memory.author,
        team_id=memory.metadata.get("team"),
    )
