"""Rename the members of a recipe in its code and its team.toml."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Mapping

from hindsight_teams.errors import InvalidInput

_PROSE = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def in_text(text: str, names: Mapping[str, str]) -> str:
    """The text with each name replaced where it stands as a whole word, as an id and as a title alike.

    All at once, so that two members may swap their names.
    """
    wanted = {**names, **{title(old): title(new) for old, new in names.items()}}
    if not wanted:
        return text
    words = "|".join(sorted(map(re.escape, wanted), key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{words})(?![\w-])", lambda found: wanted[found.group()], text)


def in_python(source: str, names: Mapping[str, str]) -> str:
    """Python code with each name replaced, in strings and comments as text, and as an identifier.

    Raises:
        InvalidInput: A new name is taken by something else in the code.
    """
    identifiers = {identifier(old): identifier(new) for old, new in names.items()}
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    used = {token.string for token in tokens if token.type == tokenize.NAME}
    for old, new in identifiers.items():
        if old in used and new in used - identifiers.keys():
            raise InvalidInput(f"{new!r} already means something else in the recipe's code; choose another name")
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    replace: dict[int, Callable[[str], str]] = dict.fromkeys(_PROSE, lambda text: in_text(text, names))
    replace[tokenize.NAME] = lambda text: identifiers.get(text, text)
    for token in reversed(tokens):
        if token.type in replace:
            begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            source = source[:begin] + replace[token.type](source[begin:end]) + source[end:]
    return source


def identifier(name: str) -> str:
    """A member's id as a Python name."""
    return name.replace("-", "_")


def title(name: str) -> str:
    """A member's id as a heading: ``Lead scout``."""
    return name.replace("-", " ").replace("_", " ").capitalize()
