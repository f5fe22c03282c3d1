"""Tools to propose memories, and tools to review them."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from agno.run.base import RunContext

from hindsight_teams.access.grants import Access
from hindsight_teams.agno.memory_toolkit import MemoryToolkit, ToolkitOptions, dressed
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.curation import ReviewPage, Reviews
from hindsight_teams.memory.member import MemberMemory, caller_of
from hindsight_teams.memory.proposing import Proposals
from hindsight_teams.memory.rendering import fence, label
from hindsight_teams.text import cut, one_line


class ProposalTools(MemoryToolkit):
    """``propose_memory``: a member proposes a memory of its own for another bank.

    Args:
        proposals: The member's right to propose.
        **kwargs: For Agno's Toolkit.
    """

    def __init__(self, proposals: Proposals, **kwargs: Unpack[ToolkitOptions]) -> None:
        self.proposals = proposals
        own = {grant.bank.name for grant in proposals.memory.holds(Access.RETAIN)}
        banks = tuple(name for name in proposals.definition.banks if name not in own)
        whole: dict[str, Any] = {
            "name": "hindsight_proposals",
            "tools": [_with_banks(self.propose_memory, banks)],
            "async_tools": [(_with_banks(self.apropose_memory, banks), "propose_memory")],
            **kwargs,
        }
        super().__init__(**whole)

    @property
    def _service(self) -> MemberMemory:
        return self.proposals.memory

    def propose_memory(self, run_context: RunContext, memory: str, bank: str, reason: str) -> str:
        """Propose a memory of yours for a bank of the team; a curator decides.

        Args:
            run_context: The run, from Agno.
            memory: The memory's text, exactly as recall_memory gave it.
            bank: The bank that should hold it.
            reason: Why it belongs there.
        """
        caller = caller_of(self.proposals.memory, run_context)
        return _waits(self.proposals.propose(memory, to=bank, reason=reason, caller=caller).id)

    async def apropose_memory(self, run_context: RunContext, memory: str, bank: str, reason: str) -> str:
        """Async twin of ``propose_memory``."""
        caller = caller_of(self.proposals.memory, run_context)
        return _waits((await self.proposals.apropose(memory, to=bank, reason=reason, caller=caller)).id)


class ReviewTools(MemoryToolkit):
    """``list_reviews``, ``approve_memory`` and ``reject_memory``: for a curator.

    Args:
        reviews: The curator's right to decide.
        **kwargs: For Agno's Toolkit.
    """

    def __init__(self, reviews: Reviews, **kwargs: Unpack[ToolkitOptions]) -> None:
        self.reviews = reviews
        whole: dict[str, Any] = {
            "name": "hindsight_reviews",
            "tools": [self.list_reviews, self.approve_memory, self.reject_memory],
            "async_tools": [
                (self.alist_reviews, "list_reviews"),
                (self.aapprove_memory, "approve_memory"),
                (self.areject_memory, "reject_memory"),
            ],
            **kwargs,
        }
        super().__init__(**whole)

    @property
    def _service(self) -> Reviews:
        return self.reviews

    def list_reviews(self, run_context: RunContext, page: int = 1) -> str:
        """List the memories that wait for your decision, and those stored with a mark, with the id of each.

        Args:
            run_context: The run, from Agno.
            page: Which part of the list.
        """
        with self.recording_failure("review", run_context):
            offset = _offset(page)
        return _listed(self._here(run_context).page(limit=PAGE, offset=offset), page)

    async def alist_reviews(self, run_context: RunContext, page: int = 1) -> str:
        """Async twin of ``list_reviews``."""
        with self.recording_failure("review", run_context):
            offset = _offset(page)
        return _listed(await self._here(run_context).apage(limit=PAGE, offset=offset), page)

    def approve_memory(self, run_context: RunContext, review_id: str) -> str:
        """Store a memory that waits in the bank it is meant for, or take the mark off one that is stored.

        Args:
            run_context: The run, from Agno.
            review_id: Its id, as list_reviews gave it.
        """
        return f"Stored in {self._here(run_context).approve(review_id).item.bank}."

    async def aapprove_memory(self, run_context: RunContext, review_id: str) -> str:
        """Async twin of ``approve_memory``."""
        return f"Stored in {(await self._here(run_context).aapprove(review_id)).item.bank}."

    def reject_memory(self, run_context: RunContext, review_id: str) -> str:
        """Drop a memory that waits, or delete one that is marked.

        Args:
            run_context: The run, from Agno.
            review_id: Its id, as list_reviews gave it.
        """
        self._here(run_context).reject(review_id)
        return "Dropped."

    async def areject_memory(self, run_context: RunContext, review_id: str) -> str:
        """Async twin of ``reject_memory``."""
        await self._here(run_context).areject(review_id)
        return "Dropped."

    def _here(self, run_context: RunContext) -> Reviews:
        """The curator's right in this run: for its user, session and run."""
        return self.reviews.on_behalf_of(caller_of(self.reviews, run_context))


for _name in ("list_reviews", "approve_memory", "reject_memory"):  # a model sees one of the twins, under one name
    getattr(ReviewTools, f"a{_name}").__doc__ = getattr(ReviewTools, _name).__doc__

PAGE = 20
"""Memories that ``list_reviews`` shows at once."""
_CONTENT, _REASON = 600, 200


def _waits(review_id: str) -> str:
    return f"Proposed; it waits for review under {review_id}."


def _offset(page: Any) -> int:
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= 1_000_000:
        raise InvalidInput("page must be a whole number from 1 on")
    return (page - 1) * PAGE


def _listed(found: ReviewPage, page: int) -> str:
    if not found.items:
        return "Nothing waits for review." if not found.total else f"Page {page} is empty; {found.total} wait."
    lines = [
        f"{item.id} [{item.kind} for {label(item.bank)} by"
        f" {label((item.item.metadata or {}).get('author', 'unknown'))}] {cut(one_line(item.item.content), _CONTENT)}"
        + (f" (reason: {cut(one_line(item.reason), _REASON)})" if item.reason else "")
        for item in found.items
    ]
    shown = fence("\n".join(lines))
    left = found.total - page * PAGE
    return f"{shown}\n{left} more: list_reviews with page={page + 1}" if left > 0 else shown


def _with_banks(method: Any, banks: tuple[str, ...]) -> Any:
    """The method as a tool whose bank argument is a choice of just these."""
    types = {"run_context": RunContext, "memory": str, "bank": Literal[banks] if banks else str, "reason": str}
    return dressed(method, "propose_memory", types, ProposalTools.propose_memory.__doc__)
