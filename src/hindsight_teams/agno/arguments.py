"""Convert the arguments that a model gives to a tool into the types that the tool takes. Pure.

Small models give a list where a text is asked for, wrap a text once more, rename an argument or make one up. What can
be read is read, and what is left out is told to the model, which may put it into the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import check_choice
from hindsight_teams.text import one_line

_SHOWN = 80
_PHRASE = 4
"""From how many words on a description with one word changed says nothing of its own."""
_OTHER_NAMES = frozenset(
    "content contents text fact facts memory memories message statement information info input data value note query"
    " question search keywords topic".split()
)
"""What models call the one text that a tool takes."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call.

    Attributes:
        values: By parameter.
        left_out: The names of those that the tool does not take.
    """

    values: dict[str, Any]
    left_out: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What to tell the model of what was left out; empty where nothing was."""
        names = ", ".join(one_line(name)[:_SHOWN] for name in self.left_out)
        return f" (Left out, since this tool does not take it: {names}.)" if names else ""


def read(tool: str, types: Mapping[str, Any], given: Mapping[str, Any], *, doc: str = "") -> Arguments:
    """The arguments of a call.

    Args:
        tool: The tool's name.
        types: Type by parameter: ``str``, a ``Literal`` of strings, or what Agno puts in itself.
        given: What the model, and Agno, gave.
        doc: The tool's docstring: a parameter's description is not an argument for it.

    Raises:
        InvalidInput: A text is missing, or a choice is none of those offered; it says how to call again.
    """
    texts = [name for name, kind in types.items() if kind is str]
    values = {name: given[name] for name in types if name in given}
    more = {name: value for name, value in given.items() if name not in types}
    for name in texts:
        values[name] = _text(values.get(name), name)
    missing = [name for name in texts if not values[name] or _is_description(name, values[name], doc)]
    if len(missing) == 1 and missing[0] not in given:
        for alias in [name for name in more if name in _OTHER_NAMES and _text(more[name], name)][:1]:
            values[missing.pop()] = _text(more.pop(alias), alias)
    if missing and any(values[name] or not isinstance(given.get(name), str) for name in missing):
        raise InvalidInput(f"{missing[0]} is missing; call {tool} again with {missing[0]} as a text")
    for name, kind in types.items():
        if get_origin(kind) is Literal and name in values:
            values[name] = _choice(name, values[name], get_args(kind))
    return Arguments(values, tuple(more))


def _is_description(name: str, text: str, doc: str) -> bool:
    """Whether a text is what the docstring says of the parameter, or that with one word of several put in.

    A small model that was given nothing to store gives "The observation to remember." for "The fact to remember."
    """
    found = re.search(rf"^\s*{re.escape(name)}: (.+)$", doc, re.M)
    described, own = (re.findall(r"\w+", words.casefold()) for words in (found[1] if found else "", text))
    others = sum(theirs != mine for theirs, mine in zip(described, own, strict=False))
    return len(own) == len(described) and others <= (len(own) >= _PHRASE) and bool(own)


def _text(given: Any, name: str) -> str:
    """A text from what stands in its place: a list becomes lines, an object its values, a schema nothing."""
    if isinstance(given, str):
        inner = _unwrapped(given, name)
        return given if inner is None else _text(inner, name)
    if isinstance(given, Mapping):
        if {"type", "description"} <= given.keys():
            return ""  # the parameter's own schema
        given = list(given.values())
    if isinstance(given, list | tuple):
        return "\n".join(filter(None, (_text(part, name) for part in given)))
    return "" if given is None or isinstance(given, bool) else str(given)


def _unwrapped(text: str, name: str) -> Any:
    """What JSON in a text holds, where it is a list of texts or wraps the argument once more; else None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        held = json.loads(text)
    except ValueError:
        return None
    if isinstance(held, list) and held and all(isinstance(part, str) for part in held):
        return held
    if isinstance(held, dict) and (list(held) == [name] or {"type", "description"} <= held.keys()):
        return held.get(name, held)
    return None


def _choice(name: str, given: Any, offered: tuple[Any, ...]) -> Any:
    plain = given[0] if isinstance(given, list) and len(given) == 1 else given
    same = [one for one in offered if isinstance(plain, str) and one.casefold() == plain.strip().casefold()]
    if len(same) == 1:
        return same[0]
    check_choice(name, plain if isinstance(plain, str) else repr(plain), offered)
    return plain
