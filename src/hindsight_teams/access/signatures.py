"""Signatures: the service adds the author and the caller to each memory, and reads filter by them. Pure.

A member's memory carries its identity twice: as metadata (shown) and as tags (filterable on every backend). Since a
signed memory is never untagged, and never carries exactly the tags its author gave, one more tag, ``tagset:...``, holds
a digest of the author's own tags; reads are rewritten with it so that the five match modes keep the meaning that they
have for unsigned memories.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from hindsight_teams.access.banks import escape, unescape
from hindsight_teams.access.grants import Caller, Grant
from hindsight_teams.errors import AccessDenied, InvalidInput
from hindsight_teams.models import FORMER_IDS, Memory, RetainItem, TagGroup, TagsMatch
from hindsight_teams.requests.tags import TagFilter
from hindsight_teams.text import cut

FIELDS = ("team", "author", "user", "session", "run")
ENVELOPE_METADATA = frozenset(
    {"review_kind", "review_id", "review_bank", "review_bank_id", "review_origin", "review_item"}
)
"""What an envelope in the review bank carries besides the signature."""
RESERVED_METADATA = ENVELOPE_METADATA | {*FIELDS, "trust", "lineage", "reviewed_by", "marked", FORMER_IDS}
RESERVED_PREFIXES = tuple(f"{name}:" for name in (*FIELDS, "tagset", "trust", "lineage", "marked"))
SPOKEN_METADATA = frozenset({"speaker", "exchange", "doubt"})
"""Who said something, in which exchange, and whether it may tell nothing; only automatic retention sets it."""
_INVENTED = "memory-"
USER = "user"
"""The ``speaker`` of what a user said, as automatic retention stores it."""
MARK = "marked:suspicious"
"""The tag of a memory that the write guard let pass with a mark; the reason is metadata."""
_SHOWN = 80
"""Characters of a refused tag that an error repeats."""
_OCCASION = ("session:", "run:", "lineage:")


def identity(caller: Caller) -> dict[str, str]:
    """The caller as metadata: team, author, user, session, run, as far as known."""
    values = (caller.team, caller.member, caller.user, caller.session, caller.run)
    return {name: str(value) for name, value in zip(FIELDS, values, strict=True) if value}


def identity_tag(name: str, value: str) -> str:
    """The tag that carries one part of an identity, such as ``author:researcher``."""
    return f"{name}:{escape(value)}"


def sign_metadata(caller: Caller, metadata: Mapping[str, str] | None, *, trust: str | None = None) -> dict[str, str]:
    """The caller's metadata with the signature over it."""
    signed = {**(metadata or {}), **identity(caller)}
    if caller.member:
        signed["trust"] = trust or trust_in(signed.get("speaker"))
    return signed


def trust_in(speaker: str | None) -> str:
    """How far what was retained can be trusted, by who said it: a user, a tool, or else the member that retained it."""
    if speaker == USER:
        return "user"
    return "tool" if speaker and speaker.startswith("tool:") else "member"


def sign_tags(caller: Caller, tags: Sequence[str], scope_tags: Sequence[str]) -> list[str]:
    """The caller's own tags, the grant's scope, and for a team's member the signature.

    The drop-in toolkit has no member: its memories get exactly the tags that were asked for.
    """
    signed = [*tags, *scope_tags]
    if caller.member:
        signed += [identity_tag(name, value) for name, value in identity(caller).items()]
        signed.append(tagset(tags))
    return list(dict.fromkeys(signed))


def marked(item: RetainItem, reason: str) -> RetainItem:
    """A signed memory with the write guard's mark, which stays on what a server derives from it."""
    tags = [*(item.tags or ()), MARK]
    return replace(
        item,
        tags=tags,
        metadata={**(item.metadata or {}), "marked": reason or "suspicious"},
        observation_scopes=observation_scopes(tags) if item.observation_scopes is not None else None,
    )


def tagset(tags: Sequence[str]) -> str:
    """The tag that stands for exactly this set of tags."""
    if not tags:
        return "tagset:none"
    return "tagset:" + hashlib.sha256("\0".join(sorted(set(tags))).encode()).hexdigest()[:16]


def observation_scopes(tags: Sequence[str]) -> list[list[str]]:
    """Under which tags a server may put what it derives from a signed memory: all but those of one occasion.

    So facts of one author for one user under the same tags come together over sessions and runs, and never with
    anything that somebody may read who may not read them all.
    """
    return [[tag for tag in tags if not tag.startswith(_OCCASION)]]


def attributed(memory: Memory) -> Memory:
    """An observation with the signature that its tags carry: a server copies tags to it, and no metadata."""
    if memory.type != "observation" or memory.author:
        return memory
    signature: dict[str, str] = {}
    for name in ("team", "author", "user"):
        values = [tag.removeprefix(f"{name}:") for tag in memory.tags if tag.startswith(f"{name}:")]
        if len(values) == 1 and (value := unescape(values[0])):
            signature[name] = value
    if MARK in memory.tags:
        signature["marked"] = "derived from a suspicious memory"
    return replace(memory, metadata={**memory.metadata, **signature}) if signature else memory


def undecided(metadata: Mapping[str, str], tags: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """A memory's metadata and tags without what an earlier decision about it left, and for a copy: ids are its own."""
    decided = ENVELOPE_METADATA | {"lineage", "reviewed_by", FORMER_IDS}
    kept = {k: v for k, v in metadata.items() if k not in decided}
    if "author" in kept:
        kept["trust"] = trust_in(kept.get("speaker"))
    return kept, [tag for tag in tags if not tag.startswith("lineage:")]


def for_bank_of(
    owner: Caller, needs: AbstractSet[str], metadata: Mapping[str, str], tags: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """A memory's metadata and tags for another bank: of the team, user, session and run whose bank that is.

    So it goes when that user is forgotten, whomever it was retained for at first.

    Args:
        owner: Whose bank it is.
        needs: The caller's fields that the bank's id depends on.
        metadata: The memory's; what it says of its user, session and run stays.
        tags: The memory's.
    """
    own = {name: value for name, value in identity(owner).items() if name in needs}
    signed = [*tags, *(identity_tag(name, value) for name, value in own.items())]
    if not any(tag.startswith("tagset:") for tag in tags):
        signed.append(tagset(own_tags(tags)))
    return {**own, **metadata}, list(dict.fromkeys(signed))


def own_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """A signed memory's tags without the signature."""
    return tuple(t for t in tags if not t.startswith(RESERVED_PREFIXES))


def signature_tags(tags: Sequence[str]) -> list[str]:
    """Those of a memory's tags that say whose it is: team, author, user, session, run, lineage."""
    prefixes = tuple(f"{name}:" for name in (*FIELDS, "lineage"))
    return [tag for tag in tags if tag.startswith(prefixes)]


def refuse_forgery(tags: Sequence[str], metadata: Mapping[str, Any], *, heard: bool = False) -> None:
    """Refuse tags and metadata that only the service may set.

    Args:
        tags: The caller's own.
        metadata: The caller's own.
        heard: Whether automatic retention tells what it heard; it alone says who the speaker was.

    Raises:
        InvalidInput: It names the offending tag or key.
    """
    for tag in tags:
        if tag.startswith(RESERVED_PREFIXES):
            raise InvalidInput(
                f"the tag {cut(tag, _SHOWN)!r} looks like a signature, which only the service sets; choose another"
            )
    for key in metadata:
        if key in RESERVED_METADATA:
            raise InvalidInput(f"the metadata key {key!r} is part of the signature, which only the service sets")
        if key in SPOKEN_METADATA and not heard:
            raise InvalidInput(
                f"the metadata key {key!r} says how it was heard, which only automatic retention sets; rename it"
            )


def refuse_scopes_of_others(grant: Grant, tags: Sequence[str]) -> None:
    """Refuse a write into a scope that the member does not hold.

    Raises:
        AccessDenied: It names the tag.
    """
    if closed := grant.closed_tags.intersection(tags):
        raise AccessDenied(
            f"the tag {cut(min(closed), _SHOWN)!r} is the scope of others on the bank {grant.bank.name!r}; leave it out"
        )


def stable_document_id(caller: Caller, content: str, tags: Sequence[str]) -> str:
    """A document id that makes the same retain twice one memory: same author, same user, same words, same tags."""
    identity_key = "\0".join((caller.team or "", caller.member or "", caller.user or "", *sorted(set(tags)), content))
    return _INVENTED + hashlib.sha256(identity_key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_invented(document_id: str) -> bool:
    """Whether an id was made by ``stable_document_id``: it names no document that anybody knows of."""
    return re.fullmatch(_INVENTED + "[0-9a-f]{32}", document_id) is not None


def read_filter(
    *,
    signed: bool,
    tags: Sequence[str] = (),
    match: TagsMatch = "any",
    scope_tags: Sequence[str] = (),
    authors: Sequence[str] = (),
    groups: Sequence[TagGroup] = (),
) -> TagFilter:
    """The caller's filter, ANDed with the grant's scope and the authors asked for."""
    more: list[TagGroup] = []
    if scope_tags:
        more.append({"tags": list(scope_tags), "match": "all_strict"})
    if authors:
        more.append({"tags": [identity_tag("author", a) for a in authors], "match": "any_strict"})
    if not signed and not more:
        return TagFilter(list(tags), match, list(groups))
    plain: TagGroup | None = {"tags": list(tags), "match": match} if tags or match == "exact" else None
    if (own := _signed_group(list(tags), match) if signed else plain) is not None:
        more.insert(0, own)
    return TagFilter((), "any", [*more, *groups])


def _signed_group(tags: list[str], match: TagsMatch) -> TagGroup | None:
    """A flat filter over the authors' own tags, for memories that also carry signatures, or, from elsewhere, none."""
    if match == "exact":
        return {"or": [{"tags": tags, "match": "exact"}, {"tags": [tagset(tags)], "match": "any_strict"}]}
    if not tags:
        return None
    if match == "any":
        return {"tags": [*tags, tagset(())], "match": "any"}
    if match == "all":
        return {"or": [{"tags": tags, "match": "all"}, {"tags": [tagset(())], "match": "any_strict"}]}
    return {"tags": tags, "match": match}
