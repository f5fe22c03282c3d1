"""A member's memory from bank options, for the toolkit and for Agno's own places for memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from hindsight_teams.access.banks import BankResolver, DirectBank
from hindsight_teams.access.grants import Access, Grant
from hindsight_teams.errors import InvalidInput, did_you_mean
from hindsight_teams.memory.member import MemberMemory
from hindsight_teams.memory.member_options import Defaults
from hindsight_teams.models import Budget, TagsMatch
from hindsight_teams.requests.tags import check_tags

if TYPE_CHECKING:
    from hindsight_teams.audit import AuditSink
    from hindsight_teams.guard import Guard


class BankOptions(TypedDict, total=False):
    """Which bank, where, and how it is read and written: the options of HindsightTools, with the same meaning."""

    bank_id: str | None
    bank_resolver: BankResolver | None
    client: Any
    hindsight_api_url: str | None
    api_key: str | None
    budget: Budget | None
    max_tokens: int | None
    tags: list[str] | None
    recall_tags: list[str] | None
    recall_tags_match: TagsMatch | None
    guard: Guard | None
    audit: AuditSink | None


def memory_for(memory: MemberMemory | None, access: Access, options: BankOptions) -> MemberMemory:
    """The memory that was given, with its own rights; or one with this access, made from the options.

    Raises:
        InvalidInput: Both were given, or a bad option.
        TypeError: An option that does not exist.
        ConfigurationError: A bad URL, key or setting.
    """
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(options.keys() - BankOptions.__annotations__.keys())
    if unknown:
        raise TypeError(f"unknown option {unknown[0]!r}; there are {', '.join(BankOptions.__annotations__)}")
    if memory is not None:
        if given:
            raise InvalidInput(f"memory= brings its own banks and limits; leave {', '.join(given)} out")
        return memory
    from hindsight_teams.backends.select import open_backend

    bank = DirectBank(given.pop("bank_id", None), given.pop("bank_resolver", None))
    backend = open_backend(
        **{name: given.pop(name) for name in ("client", "hindsight_api_url", "api_key") if name in given}
    )
    guard, audit = given.pop("guard", None), given.pop("audit", None)
    return MemberMemory(backend, [Grant(bank, access)], defaults=resolve_defaults(**given), guard=guard, audit=audit)


def resolve_defaults(
    *,
    budget: Budget | None = None,
    max_tokens: int | None = None,
    tags: Sequence[str] | None = None,
    recall_tags: Sequence[str] | None = None,
    recall_tags_match: TagsMatch | None = None,
) -> Defaults:
    """What a call uses where it gives no value: explicit argument > ``configure()`` > environment > default.

    Raises:
        InvalidInput: A bad argument.
        ConfigurationError: A bad setting.
    """
    from hindsight_teams.settings import resolve

    found = resolve()
    return Defaults(
        budget=found.budget if budget is None else budget,
        max_tokens=found.max_tokens if max_tokens is None else max_tokens,
        tags=tuple(found.tags or ()) if tags is None else tuple(check_tags(tags)),
        recall_tags=tuple(found.recall_tags or ())
        if recall_tags is None
        else tuple(check_tags(recall_tags, name="recall_tags")),
        recall_tags_match=found.recall_tags_match if recall_tags_match is None else recall_tags_match,
    )


def bank_of(memory: MemberMemory, access: Access, bank: str | None, *, needs: str | None = None) -> str:
    """The short name of the one bank that is meant.

    Args:
        memory: The member's memory.
        access: What its grant must include, in part.
        bank: The name that was given; None where only one comes into question.
        needs: What the bank's scope must depend on, such as ``user``. A resolver of your own may depend on anything.

    Raises:
        InvalidInput: No bank, or several, come into question, or the name is none of theirs.
    """
    names = [
        grant.bank.name
        for grant in memory.rights.grants
        if access & grant.access
        and (
            needs is None
            or needs in grant.bank.needs
            or isinstance(grant.bank, DirectBank)
            or getattr(grant.bank, "resolver", None) is not None
        )
    ]
    kind = f"bank scoped by {needs}" if needs else "bank"
    if bank is None and len(names) == 1:
        return names[0]
    if bank is None:
        raise InvalidInput(
            f"this member holds several banks; say which with bank= one of {', '.join(map(repr, names))}"
            if names
            else f"this member holds no {kind}; grant it one"
        )
    if bank not in names:
        raise InvalidInput(f"bank={bank!r} is not a {kind} of this member; {did_you_mean(bank, names)}")
    return bank
