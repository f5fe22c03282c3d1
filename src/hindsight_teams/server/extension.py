"""The three classes that a Hindsight server loads; the only module that imports the server's package.

They work together, and each refuses to work alone: ``TeamTenant`` knows the keys, ``TeamHttp`` puts the guard in front
of the whole application, ``TeamValidator`` checks every operation once more where the engine carries it out, signs what
is retained and narrows reads to the grant's scope.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter
from hindsight_api.config import get_config
from hindsight_api.engine.search.tags import TagGroupLeaf
from hindsight_api.extensions import (
    AuthenticationError,
    BankListResult,
    HttpExtension,
    OperationValidatorExtension,
    Tenant,
    TenantContext,
    TenantExtension,
    ValidationResult,
)

from hindsight_teams.access.grants import Access, Caller
from hindsight_teams.errors import AccessDenied, HindsightTeamsError, InvalidInput
from hindsight_teams.server import signing
from hindsight_teams.server.authority import Authority, Identity
from hindsight_teams.server.gate import Guard, admitted, single_bank
from hindsight_teams.server.routes import MCP_TOOLS
from hindsight_teams.server.write_guard import WriteGuards, guarded, queued

log = logging.getLogger(__name__)

READS = {
    "get_bank_profile": Access.REFLECT,  # this and the next two are parts of every reflect
    "list_directives": Access.REFLECT,
    "list_mental_models": Access.REFLECT,
    "get_operation_status": Access.RETAIN,
    "list_memory_units": Access.RECALL | Access.REFLECT,  # of which reflect alone gets no further than the count
    "list_tags": Access.RECALL,
}
"""What the engine reads of a bank on behalf of a member, and a right that it needs; every other read is refused."""

WRITES = {
    "submit_async_consolidation": Access.RETAIN,
    "submit_async_graph_maintenance": Access.RETAIN,
    "submit_async_vector_index_maintenance": Access.RETAIN,
}
"""What a retain sets going by itself; every other write is refused."""


class TeamTenant(TenantExtension):
    """Who a key belongs to.

    ``HINDSIGHT_API_TENANT_KEY_FILE`` names the key file, ``HINDSIGHT_API_TENANT_TEAM_FILE`` the team.toml, or several
    of them, separated as in ``PATH``.
    """

    def __init__(self, config: dict[str, str]) -> None:
        super().__init__(config)
        for name in ("key_file", "team_file"):
            if not config.get(name):
                raise ValueError(f"set HINDSIGHT_API_TENANT_{name.upper()} for the team extension")
        self.authority = Authority(config["key_file"], config["team_file"].split(os.pathsep))
        self.authority.teams()  # a mistake in a team file shows when the server starts

    async def authenticate(self, context: Any) -> Any:
        """The schema of a key that counts, and that came through the guard."""
        if self.authority.missing:
            raise AuthenticationError(
                f"the team extension is not complete, it lacks its {' and '.join(sorted(self.authority.missing))}"
            )
        identity = _identify(self.authority, context)
        if identity is None or admitted.get() != identity.key.id:
            raise AuthenticationError("Invalid API key")
        context.api_key_id = identity.key.id
        return TenantContext(schema_name=get_config().database_schema)

    async def list_tenants(self) -> Any:
        """The one schema."""
        return [Tenant(schema=get_config().database_schema)]


class TeamHttp(HttpExtension):
    """Puts the guard around the application when it starts."""

    def get_router(self, memory: Any) -> APIRouter:
        """No routes of its own: a router is what lets an extension take part in the application's start."""
        authority = _authority(memory)

        @asynccontextmanager
        async def start(app: Any) -> AsyncIterator[None]:
            # Middleware can't be added any more by now, and nothing earlier hands an extension the application.
            app.middleware_stack = Guard(app.middleware_stack, authority)
            authority.attached.add("guard")
            yield

        return APIRouter(lifespan=start)


class TeamValidator(OperationValidatorExtension):
    """Checks, signs and narrows each operation where the engine carries it out.

    ``HINDSIGHT_API_OPERATION_VALIDATOR_GUARD=off`` leaves the write guard to the teams' own processes.
    """

    authority: Authority

    def __init__(self, config: dict[str, str]) -> None:
        super().__init__(config)
        chosen = config.get("guard", "on").strip().lower()
        if chosen not in ("on", "off"):
            raise ValueError(f"HINDSIGHT_API_OPERATION_VALIDATOR_GUARD={chosen!r} must be 'on' or 'off'")
        self.write_guards = WriteGuards() if chosen == "on" else None

    def set_context(self, context: Any) -> None:
        """Take the keys and teams from the tenant extension of the same server."""
        super().set_context(context)
        self.authority = _authority(context.get_memory_engine())
        self.authority.attached.add("validator")

    async def validate_retain(self, ctx: Any) -> Any:
        """Retain, signed."""
        identity, refusal = self._judge(ctx, Access.RETAIN)
        if refusal or identity is None:
            return refusal or ValidationResult.accept()
        assert identity.definition is not None  # a member of no team holds nothing, and was refused
        who = {"team": identity.definition.team_id, "member": identity.member}
        try:
            sealed = identity.may_queue(ctx.bank_id)
            if sealed:
                for item in ctx.contents:
                    signing.check_envelope(item, identity.definition, identity.member)
                grant = None
            else:
                grant = identity.grant(ctx.bank_id)
            items = [
                signing.sign(item, grant=grant, bank_id=ctx.bank_id, sealed=sealed, **who) for item in ctx.contents
            ]
            caller = Caller(**who)
            if sealed and self.write_guards is not None:
                reason = await asyncio.to_thread(queued, self.write_guards.queue, ctx.contents, caller=caller)
                if reason:
                    return ValidationResult.reject(f"it can't be put up for review: {reason}", status_code=422)
            if grant is not None and self.write_guards is not None:
                guard = self.write_guards.of(who["team"], identity.definition.guard)
                own = "user" in grant.bank.needs
                items, reason = await asyncio.to_thread(
                    guarded, guard, items, bank=grant.bank.name, caller=caller, private=own
                )
                if reason:
                    return ValidationResult.reject(f"the write guard did not let it pass: {reason}", status_code=422)
                items = [
                    signing.sign(
                        {**item, "observation_scopes": None}, grant=grant, bank_id=ctx.bank_id, sealed=False, **who
                    )
                    for item in items
                ]
        except (AccessDenied, InvalidInput) as error:
            return ValidationResult.reject(str(error))
        return ValidationResult.accept_with(contents=items)

    async def validate_recall(self, ctx: Any) -> Any:
        """Recall."""
        return self._answer(ctx, Access.RECALL)

    async def validate_reflect(self, ctx: Any) -> Any:
        """Reflect."""
        return self._answer(ctx, Access.REFLECT)

    async def validate_bank_read(self, ctx: Any) -> Any:
        """The few reads around the verbs."""
        return self._answer(ctx, READS.get(str(ctx.operation), Access.NONE))

    async def validate_create_bank(self, ctx: Any) -> Any:
        """A bank comes to be by its first retain or reflect."""
        return self._answer(ctx, Access.RETAIN | Access.REFLECT)

    async def validate_bank_write(self, ctx: Any) -> Any:
        """What follows a retain."""
        return self._answer(ctx, WRITES.get(str(ctx.operation), Access.NONE))

    async def _for_admins(self, ctx: Any) -> Any:
        """For admin keys."""
        return self._answer(ctx, Access.NONE)

    validate_consolidate = validate_memory_update = validate_import = _for_admins
    validate_mental_model_get = validate_mental_model_refresh = _for_admins

    async def resolve_tag_scope(self, ctx: Any) -> Any:
        """The grant's scope, which the engine ANDs with every read."""
        identity = self._member(ctx.request_context)
        grant = identity.grant(ctx.bank_id) if identity else None
        if grant is None or not grant.scope_tags:
            return None
        return [TagGroupLeaf(tags=list(grant.scope_tags), match="all_strict")]

    async def resolve_write_tag_scope(self, ctx: Any) -> Any:
        """All tags but another author's, so that nobody overwrites what another retained."""
        identity = self._member(ctx.request_context)
        if identity is None:
            return None
        return signing.writable_tags(team=identity.key.team, member=identity.member)

    async def filter_bank_list(self, ctx: Any) -> Any:
        """Only banks on which the member holds something."""
        identity = self._member(ctx.request_context)
        if identity is None:
            return BankListResult(banks=ctx.banks)
        return BankListResult(banks=[bank for bank in ctx.banks if identity.grant(bank["bank_id"])])

    async def filter_mcp_tools(self, bank_id: str, request_context: Any, tools: frozenset[str]) -> frozenset[str]:
        """The tools whose verb the member holds: on this bank where the path names one, else on any."""
        identity = self._member(request_context)
        if identity is None:
            return tools
        if single_bank.get():
            return frozenset(t for t in tools if (verb := MCP_TOOLS.get(t)) and identity.may(verb, bank_id))
        return frozenset(t for t in tools if (verb := MCP_TOOLS.get(t)) is not None and verb in identity.access)

    def _member(self, request_context: Any) -> Identity | None:
        """The member that a request is made for; None for an admin key and for the server's own work.

        Raises:
            AuthenticationError: The key does not count any more.
        """
        if request_context.internal:
            return None
        identity = _identify(self.authority, request_context)
        if identity is None:
            raise AuthenticationError("Invalid API key")
        return None if identity.admin else identity

    def _judge(self, ctx: Any, rights: Access) -> tuple[Identity | None, Any]:
        """The member, if it is one, and the refusal, if it holds none of the rights."""
        identity = self._member(ctx.request_context)
        if identity is None or any(identity.may(right, ctx.bank_id) for right in rights):
            return identity, None
        what = " or ".join(rights.verbs) or "do this"
        return identity, ValidationResult.reject(
            f"member {identity.member!r} may not {what} on bank {ctx.bank_id!r}", status_code=403
        )

    def _answer(self, ctx: Any, rights: Access) -> Any:
        _, refusal = self._judge(ctx, rights)
        return refusal or ValidationResult.accept()


def _authority(engine: Any) -> Authority:
    authority = getattr(engine.tenant_extension, "authority", None)
    if not isinstance(authority, Authority):
        raise RuntimeError(
            f"{__name__} needs its own tenant extension: set HINDSIGHT_API_TENANT_EXTENSION={__name__}:TeamTenant"
        )
    return authority


def _identify(authority: Authority, context: Any) -> Identity | None:
    try:
        return authority.identify(context.api_key)
    except HindsightTeamsError as error:
        log.error("no member key counts until this is mended: %s %s", error, error.details)
        return None
