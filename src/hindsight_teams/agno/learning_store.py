"""HindsightLearningStore: memory for Agno's ``learning=``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Unpack

from hindsight_teams.access.grants import FULL, Access, Caller
from hindsight_teams.agno.inputs import query_of
from hindsight_teams.agno.said import as_said, said
from hindsight_teams.agno.toolkit import HindsightTools
from hindsight_teams.memory.direct import BankOptions, bank_of, memory_for
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.rendering import fence, render_recall
from hindsight_teams.models import Memory, RecallResult, check_max_tokens


@dataclass(frozen=True)
class Recalled:
    """What was recalled for a run, and what its banks are called."""

    result: RecallResult
    names: Mapping[str, str] = field(default_factory=dict)


class HindsightLearningStore:
    """A LearningStore: recalls by the run's message, retains what the user says, offers the tools of its grants.

    Agno starts a LearningMachine only where the agent has a ``db``; an ``InMemoryDb`` is enough. What fails is logged
    by the machine, and the run goes on.

    Args:
        memory: A member's memory, from ``TeamMemory.member(...)``; its rights hold.
        bank: Where to retain what the user says, if the member may write several banks.
        capture: Retain what the user says, without a tool call. Off, only the tools retain.
        tools: Offer the tools that the grants allow.
        context_tokens: Most tokens of memories in a system message.
        **options: Instead of ``memory``, ``BankOptions`` as HindsightTools takes them. Without ``bank_id`` and
            ``bank_resolver`` each user has a bank.

    Raises:
        InvalidInput: A bad option, or options besides ``memory``.
        ConfigurationError: A bad URL, key or setting.

    Examples:
        >>> from agno.agent import Agent
        >>> from agno.db.in_memory import InMemoryDb
        >>> from agno.learn import LearningMachine
        >>> machine = LearningMachine(custom_stores={"hindsight": HindsightLearningStore()})
        >>> agent = Agent(db=InMemoryDb(), learning=machine)
    """

    learning_type = "hindsight"
    schema = Memory

    def __init__(
        self,
        memory: MemberMemory | None = None,
        *,
        bank: str | None = None,
        capture: bool = True,
        tools: bool = True,
        context_tokens: int = 1024,
        **options: Unpack[BankOptions],
    ) -> None:
        check_max_tokens(context_tokens)
        self.memory = memory_for(memory, FULL, options).for_words_of_others()
        self.capture = capture and bool(self.memory.holds(Access.RETAIN))
        self.bank = bank_of(self.memory, Access.RETAIN, bank) if self.capture else None
        self.context_tokens = context_tokens
        self.toolkit = HindsightTools.of(self.memory) if tools else None
        self.was_updated = False

    def __deepcopy__(self, memo: dict[int, Any]) -> HindsightLearningStore:
        return self

    def recall(self, **context: Any) -> Recalled | None:
        """Memories that bear on ``message``, from all banks it may recall from; None where there are none.

        Raises:
            IdentityRequired: A bank's scope needs a user, and the run has none.
            BackendError: No bank could answer.
        """
        query = self._query(context)
        if not query:
            return None
        caller = self._caller(context)
        return self._found(self.memory.recall(query, caller=caller, max_tokens=self.context_tokens), caller)

    async def arecall(self, **context: Any) -> Recalled | None:
        """Async twin of ``recall``."""
        query = self._query(context)
        if not query:
            return None
        caller = self._caller(context)
        return self._found(await self.memory.arecall(query, caller=caller, max_tokens=self.context_tokens), caller)

    def process(self, messages: list[Any], **context: Any) -> None:
        """Retain what the user said in these messages.

        Raises:
            IdentityRequired: The bank's scope needs a user, and the run has none.
            ContentRefused: The guard refused it.
            BackendError: It could not be stored.
        """
        self.was_updated = False
        if self.capture and (text := said(messages)):
            self.memory.retain(text, **as_said(text, caller=self._caller(context), bank=self.bank))
            self.was_updated = True

    async def aprocess(self, messages: list[Any], **context: Any) -> None:
        """Async twin of ``process``."""
        self.was_updated = False
        if self.capture and (text := said(messages)):
            await self.memory.aretain(text, **as_said(text, caller=self._caller(context), bank=self.bank))
            self.was_updated = True

    def build_context(self, data: Recalled | None) -> str:
        """What was recalled, for the system message: one line a memory, escaped, fenced as untrusted data."""
        if data is None:
            return ""
        labelled = self.memory.identity.member is not None
        return fence(render_recall(data.result, label_banks=labelled, names=data.names))

    def instructions(self) -> str:
        """How to use the tools; empty where none are offered."""
        return (self.toolkit.instructions or "") if self.toolkit and self.toolkit.functions else ""

    def get_tools(self, **context: Any) -> list[Callable[..., Any]]:
        """The tools that the grants allow, for ``run``."""
        return list(self.toolkit.functions.values()) if self.toolkit else []  # type: ignore[arg-type]

    async def aget_tools(self, **context: Any) -> list[Callable[..., Any]]:
        """The tools that the grants allow, for ``arun``."""
        return list(self.toolkit.async_functions.values()) if self.toolkit else []  # type: ignore[arg-type]

    def _query(self, context: Mapping[str, Any]) -> str:
        if not self.memory.holds(Access.RECALL):
            return ""
        return query_of(context.get("message") or "")

    def _caller(self, context: Mapping[str, Any]) -> Caller:
        run_context = context.get("run_context")
        return self.memory.bound(
            user=context.get("user_id"),
            session=context.get("session_id"),
            run=getattr(run_context, "run_id", None),
            context=run_context,
        )

    def _found(self, result: RecallResult, caller: Caller) -> Recalled | None:
        return Recalled(result, self.memory.bank_names(Access.RECALL, caller)) if result.results else None
