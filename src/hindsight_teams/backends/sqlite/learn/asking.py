"""Ask a model for structured output, as a generator of questions that ``requests.driver`` carries out.

A dialogue yields an ``Ask``, is sent the reply or has the model's exception raised in it, and returns its result. It
decides about retries and checks what comes back.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from hindsight_teams.requests.driver import adrive, drive

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

ATTEMPTS = 3
"""Times a model is asked before its answer counts as missing."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a model: what it is to do, the material, and the form of the answer."""

    system: str
    user: str
    schema: type[BaseModel]


Reply: TypeAlias = "str | BaseModel"
Dialogue: TypeAlias = Generator[Ask, Reply, T]


def run(model: Any, dialogue: Dialogue[T]) -> T:
    """Carry a dialogue out with an Agno model, blocking."""
    return drive(dialogue, lambda ask: _reply(model.response(**_request(model, ask))))


async def arun(model: Any, dialogue: Dialogue[T]) -> T:
    """Carry a dialogue out with an Agno model."""

    async def do(ask: Ask) -> Reply:
        answer = model.aresponse(**_request(model, ask))
        return _reply(await answer if inspect.isawaitable(answer) else answer)

    return await adrive(dialogue, do)


def insist(ask: Ask, schema: type[M]) -> Generator[Ask, Reply, M | str]:
    """Ask until the reply fits the schema, at most ``ATTEMPTS`` times; the reason of the last failure otherwise."""
    reason = ""
    for _ in range(ATTEMPTS):
        hint = f"\n\nYour last answer could not be read: {reason}\nAnswer again, with the JSON object alone."
        try:
            reply = yield Ask(ask.system, ask.user + (hint if reason else ""), ask.schema)
        except Exception as error:  # whatever a provider's client raises; it counts as an attempt
            reason = f"the model failed ({type(error).__name__})"
            continue
        try:
            return schema.model_validate(reply if isinstance(reply, schema) else _json(reply))
        except (ValidationError, ValueError) as error:
            reason = _first_line(error)
    return reason


def fenced(text: str) -> str:
    """The text between two marks that it can't hold itself, since they are made from its hash."""
    mark = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"<<<data {mark}\n{text}\ndata {mark}>>>"


def schema_text(schema: type[BaseModel]) -> str:
    """The JSON schema, for a prompt: many models get no other word of the form."""
    return json.dumps(schema.model_json_schema(), ensure_ascii=False, separators=(",", ":"))


def _request(model: Any, ask: Ask) -> dict[str, Any]:
    from agno.models.message import Message  # the engine works without Agno; whoever gives a model has it

    form: Any = {"type": "json_object"}
    if getattr(model, "supports_native_structured_outputs", False):
        form = ask.schema
    elif getattr(model, "supports_json_schema_outputs", False):
        form = {
            "type": "json_schema",
            "json_schema": {"name": ask.schema.__name__, "schema": ask.schema.model_json_schema()},
        }
    messages = [Message(role="system", content=ask.system), Message(role="user", content=ask.user)]
    return {"messages": messages, "response_format": form}


def _reply(response: Any) -> Reply:
    parsed = getattr(response, "parsed", None)
    if isinstance(parsed, BaseModel):
        return parsed
    content = getattr(response, "content", None)
    return content if isinstance(content, str | BaseModel) else json.dumps(content)


_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*|\s*```\s*\Z")


def _json(reply: str | BaseModel) -> Any:
    """The JSON value of a reply, also where a model wraps it in a code fence or in words.

    Raises:
        ValueError: There is none.
    """
    if isinstance(reply, BaseModel):
        return reply.model_dump()
    text = _FENCE.sub("", reply)
    try:
        return json.loads(text)
    except ValueError:
        start, end = text.find("{"), text.rfind("}")
        if start < 0 or end < start:
            raise ValueError("it holds no JSON object") from None
        return json.loads(text[start : end + 1])


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the object'}: {first['msg']}"
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
