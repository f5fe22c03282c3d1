"""Ask an Agno model for structured output: what comes back is checked, and asked for again where it does not fit."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

ATTEMPTS = 3
"""Times a model is asked before its answer counts as missing."""


def insist(model: Any, system: str, user: str, schema: type[M]) -> M | str:
    """Ask until the reply fits the schema, at most ``ATTEMPTS`` times; the reason of the last failure otherwise.

    Args:
        model: An Agno model.
        system: What it is to do.
        user: The material.
        schema: The form of the answer.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        hint = f"\n\nYour last answer could not be read: {reason}\nAnswer again, with the JSON object alone."
        try:
            reply = _reply(model.response(**_request(model, system, user + (hint if reason else ""), schema)))
        except Exception as error:  # whatever a provider's client raises; it counts as an attempt
            reason = f"the model failed ({type(error).__name__})"
            continue
        try:
            return schema.model_validate(reply if isinstance(reply, schema) else _json(reply))
        except (ValidationError, ValueError, RecursionError) as error:
            reason = _first_line(error)
    return reason


def fenced(text: str) -> str:
    """The text between two marks that it can't hold itself, since they are made from its hash."""
    mark = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"<<<data {mark}\n{text}\ndata {mark}>>>"


def schema_text(schema: type[BaseModel]) -> str:
    """The JSON schema, for a prompt: many models get no other word of the form."""
    return json.dumps(schema.model_json_schema(), ensure_ascii=False, separators=(",", ":"))


def _request(model: Any, system: str, user: str, schema: type[BaseModel]) -> dict[str, Any]:
    from agno.models.message import Message  # the engine works without Agno; whoever gives a model has it

    form: Any = {"type": "json_object"}
    if getattr(model, "supports_native_structured_outputs", False):
        form = schema
    elif getattr(model, "supports_json_schema_outputs", False):
        form = {"type": "json_schema", "json_schema": {"name": schema.__name__, "schema": schema.model_json_schema()}}
    messages = [Message(role="system", content=system), Message(role="user", content=user)]
    return {"messages": messages, "response_format": form}


def _reply(response: Any) -> str | BaseModel:
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
