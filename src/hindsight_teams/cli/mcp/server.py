"""A member's tools over the Model Context Protocol: the same functions that the member's Agno agent gets.

The team equips an agent of the member's id, and what the agent was given is offered: so the tools, their schemas and
the errors are those of the toolkit, and each call is checked, signed and recorded by the service behind it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from agno.agent import Agent
from agno.run.base import RunContext
from agno.tools.function import Function
from agno.tools.toolkit import Toolkit
from mcp import types
from mcp.server.lowlevel import Server
from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hindsight_teams.agno.memory_toolkit import NotDone
from hindsight_teams.errors import HindsightTeamsError, IdentityRequired, TeamDefinitionError
from hindsight_teams.text import cut

if TYPE_CHECKING:
    from hindsight_teams.memory.team import TeamMemory
    from hindsight_teams.server.key_file import KeyStore

READS = ("recall_memory", "reflect_on_memory", "list_reviews")
"""Tools that change nothing; an editor need not ask before it calls one."""

_SHOWN, _NAMED = 80, 20  # characters of a name that a caller chose, and names, that an answer repeats


@dataclass(frozen=True, slots=True)
class Identity:
    """On whose behalf the member acts, for as long as the server runs.

    Attributes:
        member: Whose tools they are.
        user: The end user.
        session: The session; every call is a run of its own in it.
    """

    member: str
    user: str | None = None
    session: str | None = None


class MemberServer:
    """The tools of one member.

    Args:
        memory: The team's memory.
        identity: Which member, for which user, in which session.

    Raises:
        TeamDefinitionError: There is no such member, or it holds no right at all.
        IdentityRequired: A bank of the member needs a user, and none was named.
    """

    def __init__(self, memory: TeamMemory, identity: Identity) -> None:
        self.identity = identity
        grants = memory.definition.grants_of(identity.member)
        for grant in grants:
            if grant.access and "user" in grant.bank.needs and not identity.user:
                raise IdentityRequired(
                    f"the bank {grant.bank.name!r} of member {identity.member!r} is one for each user; name the user"
                    " with --user"
                )
        self._session = identity.session or f"mcp-{uuid.uuid4().hex[:12]}"
        equipped = memory.equip(Agent(id=identity.member, name=identity.member))
        tools: Any = equipped.tools
        kits = [kit for kit in tools or () if isinstance(kit, Toolkit)]
        self._functions: dict[str, Function] = {}
        for kit in kits:
            for name, function in kit.async_functions.items():
                function.process_entrypoint()
                self._functions[name] = function
        if not self._functions:
            raise TeamDefinitionError(
                f"member {identity.member!r} holds no right on any bank; the team definition must grant it one"
            )
        self._instructions = "\n\n".join(str(kit.instructions) for kit in kits if kit.instructions) or None
        self._team = memory.team_id

    def tools(self) -> list[types.Tool]:
        """The tools, with the schemas that Agno makes of them."""
        return [
            types.Tool(
                name=name,
                description=function.description,
                input_schema={**function.parameters, "additionalProperties": False},
                annotations=types.ToolAnnotations(
                    read_only_hint=name in READS, destructive_hint=name == "reject_memory", open_world_hint=False
                ),
            )
            for name, function in self._functions.items()
        ]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Call one tool. What the caller did wrong is part of the answer, so that a model can do better."""
        function = self._functions.get(name)
        if function is None or function.entrypoint is None:
            offered = ", ".join(self._functions)
            wanted = cut(name, _SHOWN)
            return _answer(f"member {self.identity.member!r} has no tool {wanted!r}; it has {offered}", failed=True)
        unknown = sorted(set(arguments) - set(function.parameters["properties"]))
        if unknown:  # such as a run_context: what Agno fills in is not the caller's to give
            known = ", ".join(map(repr, function.parameters["properties"])) or "no arguments"
            more = ", ".join(repr(cut(one, _SHOWN)) for one in unknown[:_NAMED])
            return _answer(f"{name} takes no {more}; it takes {known}", failed=True)
        try:
            answer = await function.entrypoint(**self._bound(function), **arguments)
            return _answer(str(answer), failed=isinstance(answer, NotDone))
        except HindsightTeamsError as error:
            return _answer(error.message, failed=True)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return _answer(f"{name}: {problems}", failed=True)
        except TypeError:
            needed = ", ".join(function.parameters.get("required", ()))
            return _answer(f"{name} needs {needed}", failed=True)

    def server(self) -> Server[Any]:
        """The protocol's server of these tools."""

        async def on_list_tools(_: Any, __: Any) -> types.ListToolsResult:
            return types.ListToolsResult(tools=self.tools())

        async def on_call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
            return await self.call(params.name, params.arguments or {})

        return Server(
            f"hindsight-teams:{self._team}:{self.identity.member}",
            version=version("hindsight-teams"),
            instructions=self._instructions,
            on_list_tools=on_list_tools,
            on_call_tool=on_call_tool,
        )

    def _bound(self, function: Function) -> dict[str, Any]:
        """The run of this call, where the tool wants to know it."""
        import inspect

        assert function.entrypoint is not None
        if "run_context" not in inspect.signature(function.entrypoint).parameters:
            return {}
        run = RunContext(run_id=uuid.uuid4().hex, session_id=self._session, user_id=self.identity.user)
        return {"run_context": run}


class KeyGate:
    """The protocol's application over HTTP, for requests with the member's own key alone.

    Args:
        app: The application.
        keys: The key file; a key that is revoked there stops to count at the next request.
        team: Whose keys count.
        member: Whose key it must be; one of another member, and an operator's, opens nothing here.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyStore, team: str, member: str) -> None:
        self._app = app
        self._keys = keys
        self._who = (team, member)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not self._holds(scope):
            told = {"error": "invalid_token", "error_description": "the member's own key is needed"}
            asks = {"www-authenticate": 'Bearer error="invalid_token"'}
            await JSONResponse(told, 401, asks)(scope, receive, send)
        elif scope["type"] in ("http", "lifespan"):
            await self._app(scope, receive, send)

    def _holds(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, key = given[0].decode("latin-1").partition(" ")
        record = self._keys.verify(key.strip()) if scheme.lower() == "bearer" else None
        return record is not None and not record.admin and (record.team, record.member) == self._who


def plain(served: MemberServer, team: str) -> str:
    """Who is served and with which tools, as JSON."""
    who = served.identity
    tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in served.tools()]
    return json.dumps({"team": team, "member": who.member, "user": who.user, "tools": tools}, indent=2)


def _answer(text: str, *, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)
