"""Check and complete the signature of memories that a member retains over HTTP. Pure.

The service signs before it sends; a hand-written request may claim anything. Here the key says who the author is, so a
claim must agree with it, and what is missing is added. User, session and run can't be checked: a member acts for them.
Who said it is the member's to tell of itself, of its user and of a tool; what it tells of anybody else is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hindsight_teams.access import signatures
from hindsight_teams.access.banks import BankSpec, unescape
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.access.grants import Caller, Grant
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.envelopes import seal, unseal
from hindsight_teams.requests.checks import check_text
from hindsight_teams.server.matching import could_be, named_by

Item = Mapping[str, Any]

MAX_CLAIM = 1_000
"""Characters of a user, a session or a run, which are stored beside the content."""
_TOOL = re.compile(r"tool:[\w.-]{1,64}")

SEALED = ("quarantine", "proposal")
"""The kinds of envelopes that a member makes; the others are made by who decides."""


def sign(
    item: Item, *, team: str, member: str, grant: Grant | None = None, bank_id: str = "", sealed: bool = False
) -> dict[str, Any]:
    """One item of a retain with the member's signature and the grant's scope.

    Args:
        item: As the server has it: ``tags``, ``metadata`` and more.
        team: The key's.
        member: The key's.
        grant: What the member holds on the bank.
        bank_id: The bank it goes to.
        sealed: It is an envelope that was checked, and keeps what makes it one.

    Raises:
        InvalidInput: It holds a tag that is not text, claims another team or author, contradicts itself or its bank
            about user, session or run, names one at excessive length, claims a trust or a lineage, or asks for
            observations under other tags than its own.
        AccessDenied: It has a tag that is the scope of others.
    """
    tags, metadata = list(item.get("tags") or ()), dict(item.get("metadata") or {})
    for tag in tags:
        check_text("a tag", tag)
    scope_tags = grant.scope_tags if grant else ()
    reserved = signatures.RESERVED_METADATA - {"marked"} - (signatures.ENVELOPE_METADATA if sealed else frozenset())
    caller = _completed(replace(_claimed(tags, metadata), team=team, member=member), grant, bank_id)
    trusts = (signatures.trust_in(_text(metadata.get("speaker"))),)
    if not _may_tell(metadata, caller):
        metadata = {key: value for key, value in metadata.items() if key not in signatures.SPOKEN_METADATA}
    own = [tag for tag in tags if not tag.startswith(signatures.RESERVED_PREFIXES) and tag not in scope_tags]
    if grant is not None:
        signatures.refuse_scopes_of_others(grant, own)
    signed_tags = signatures.sign_tags(caller, own, scope_tags)
    if signatures.MARK in tags or metadata.get("marked"):  # it only takes trust away, so anybody may mark its own
        signed_tags.append(signatures.MARK)
        metadata["marked"] = metadata.get("marked") or "suspicious"
    signed_metadata = signatures.sign_metadata(
        caller, {key: value for key, value in metadata.items() if key not in reserved}
    )
    for tag in tags:
        # An author that puts its scope's tags on an item itself changes the digest of its own tags, and no right.
        if tag not in signed_tags and not tag.startswith("tagset:"):
            raise InvalidInput(f"the tag {tag!r} claims an identity that is not this key's, or two at once")
    for key in reserved & metadata.keys():
        if metadata[key] != signed_metadata.get(key) and not (key == "trust" and metadata[key] in trusts):
            raise InvalidInput(f"the metadata {key!r} claims what is not this key's")
    expected = None if sealed else signatures.observation_scopes(signed_tags)
    scopes = item.get("observation_scopes")
    if scopes is not None and scopes != "combined" and (expected is None or _sets(scopes) != _sets(expected)):
        raise InvalidInput("observations get the tags of the memories that they rest on; leave out observation_scopes")
    signed = {**item, "tags": signed_tags, "metadata": signed_metadata}
    return signed if expected is None else {**signed, "observation_scopes": expected}


def _completed(caller: Caller, grant: Grant | None, bank_id: str) -> Caller:
    """The caller with the user, session and run that the bank's id names.

    So what is written into a user's bank is that user's, and goes when the user is forgotten.

    Raises:
        InvalidInput: The caller claims others than the id names, or the id was cut to a hash and nobody is claimed.
    """
    if grant is None:
        return caller
    bank = grant.bank
    if isinstance(bank, BankSpec) and caller.team and caller.member:
        named = named_by(bank, caller.team, caller.member, bank_id)
        caller = replace(caller, **{name: value for name, value in named.items() if getattr(caller, name) is None})
    if not all(getattr(caller, name) for name in bank.needs):
        raise InvalidInput("the bank's id does not tell whose it is; name the user, session or run in the metadata")
    if bank.resolve(caller) != bank_id:
        raise InvalidInput("the user, session or run that the item claims has another bank than this one")
    return caller


def check_envelope(item: Item, definition: TeamDefinition, member: str) -> None:
    """Refuse what is not an envelope of this member's own for the review bank.

    Raises:
        InvalidInput: It is not an envelope as the service seals them, the memory inside claims another author, or it is
            meant for a bank that the member could not name.
        AccessDenied: What was held back from a retain has a tag that is the scope of others.
    """
    metadata = item.get("metadata") or {}
    opened = unseal(metadata)
    try:
        if opened is None:
            raise ValueError("no envelope")
        tags, inside = list(opened.item.tags or ()), dict(opened.item.metadata or {})
        expected = seal(
            opened.kind,
            opened.item,
            bank=opened.bank,
            bank_id=opened.bank_id,
            reason=opened.reason,
            origin=opened.origin,
            by=opened.by,
        )
    except (KeyError, TypeError, ValueError):
        raise InvalidInput("only sealed envelopes go into the review bank") from None
    signature = signatures.RESERVED_METADATA - signatures.ENVELOPE_METADATA
    outside = {key: metadata[key] for key in metadata if key not in signature}
    same = (
        opened.kind in SEALED
        and item.get("content") == expected.content
        and {**outside, "review_item": (expected.metadata or {}).get("review_item")} == expected.metadata
        and item.get("document_id") == expected.document_id
        and (item.get("update_mode") or "replace") == expected.update_mode
        and not any(item.get(name) for name in ("context", "entities", "observation_scopes", "strategy"))
    )
    if not same:
        raise InvalidInput("the envelope for the review bank does not match what is in it")
    if not _may_tell(inside, replace(_claimed(tags, inside), member=member)):
        raise InvalidInput("the memory in the envelope claims that somebody else said it")
    target = definition.banks.get(opened.bank)
    if target is not None:  # it carries the user of its bank beside the one that it was retained for
        named = named_by(target, definition.team_id, member, opened.bank_id).items()
        owner = {signatures.identity_tag(name, value) for name, value in named if value != inside.get(name)}
        tags = [tag for tag in tags if tag not in owner]
    grant = definition.grants.get(member, {}).get(opened.bank)
    if opened.kind == "quarantine" and grant is not None:  # it was to be retained, which would have been refused
        signatures.refuse_scopes_of_others(grant, tags)
    # Of an observation nobody is the author, and it claims none.
    sign({"tags": tags, "metadata": inside}, team=definition.team_id, member=member)
    if target is None or not could_be(target, definition.team_id, member, opened.bank_id):
        raise InvalidInput(f"the envelope is for the bank {opened.bank!r}, which this member may not propose for")


def writable_tags(*, team: str, member: str) -> list[str]:
    """Shell-style patterns for the tags that a member may write: all but another's team and author.

    A server that is told these refuses a retain into a document that somebody else wrote, which would replace it.
    """
    mine = [signatures.identity_tag("team", team), signatures.identity_tag("author", member)]
    return [*_others("team:", "author:"), *mine]  # escaped identities hold no pattern characters


def _may_tell(metadata: Mapping[str, Any], caller: Caller) -> bool:
    """Whether the member may say that this speaker said it: it itself, the user that it acts for, or a tool."""
    speaker = metadata.get("speaker")
    if speaker is None:
        return "exchange" not in metadata
    said = _text(speaker) or ""
    return (said == signatures.USER and bool(caller.user)) or said == caller.member or bool(_TOOL.fullmatch(said))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _sets(scopes: Any) -> Any:
    """Scopes without the order of their tags."""
    try:
        return [set(tags) for tags in scopes] if isinstance(scopes, list) else scopes
    except TypeError:  # no list of lists of strings
        return scopes


def _others(*prefixes: str) -> list[str]:
    """Patterns that match exactly the non-empty strings which start with none of the prefixes.

    The prefixes must differ in their first letters.
    """
    patterns = [f"[!{''.join(prefix[0] for prefix in prefixes)}]*"]
    for prefix in prefixes:
        for end in range(1, len(prefix)):
            patterns += [prefix[:end], f"{prefix[:end]}[!{prefix[end]}]*"]
    return patterns


def _claimed(tags: Sequence[str], metadata: Mapping[str, Any]) -> Caller:
    """The user, session and run that the metadata names, or else the tags."""
    claims: dict[str, Any] = {}
    for name in ("user", "session", "run"):
        tagged = (unescape(tag.removeprefix(f"{name}:")) for tag in tags if tag.startswith(f"{name}:"))
        claims[name] = metadata.get(name) or next(filter(None, tagged), None)
        if not isinstance(claims[name], str | None):
            raise InvalidInput(f"the {name} that the item claims must be a string")
        if len(claims[name] or "") > MAX_CLAIM:
            raise InvalidInput(f"the {name} that the item claims has more than {MAX_CLAIM} characters")
    return Caller(**claims)
