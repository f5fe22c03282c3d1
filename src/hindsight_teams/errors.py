"""The errors of the package, as one tree.

    HindsightTeamsError                (alias: HindsightError)
    ├── InvalidInput                   a value that was given is wrong; also a ValueError
    │   ├── InvalidBankId
    │   └── ContentRefused             a write guard refused the content
    ├── ConfigurationError             settings that can't work together
    │   └── TeamDefinitionError        team.toml, or the arguments of TeamMemory
    ├── IdentityRequired               no user (or session, run) where a bank's scope needs one
    ├── AccessDenied                   the caller holds no such right; also a PermissionError
    ├── AuditFailed                    the call can't be recorded, and such calls are refused
    └── BackendError                   the place where banks live could not do it
        ├── Retryable                  the same call may succeed later
        │   ├── BackendUnreachable
        │   ├── BackendTimeout         also a TimeoutError
        │   ├── RateLimited
        │   ├── ServerFault
        │   └── DatabaseLocked
        └── Terminal                   the same call will fail again
            ├── Unauthorized
            ├── Forbidden
            ├── NotFound
            │   └── BankNotFound
            ├── Rejected               names the field
            ├── UnexpectedAnswer       what answered is not Hindsight
            ├── Unsupported            this backend, or this version, has no such operation
            └── DatabaseUnusable       a directory, read-only, not a database, corrupt, full, too new

The text of an error (``str(error)``) may be read by a model: it holds no URL, path, header, key or body.
Those belong into ``details``, which the command line and the logs show to people.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MESSAGE = 2_000
"""Characters of an error's text; what was given may be part of it, and may be of any length."""


def bounded(message: str) -> str:
    """A message without its middle where it is too long: it begins with what is wrong and ends with what to do."""
    if len(message) <= MAX_MESSAGE:
        return message
    half = MAX_MESSAGE // 2
    return f"{message[: half - 3]} [\u2026] {message[-half + 3 :]}"


class HindsightTeamsError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: What happened and what to do next, safe to show to a model.
        details: For people only: URLs, paths, a server's own words. Never part of ``str(error)``.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(bounded(message))
        self.details: dict[str, Any] = details

    @property
    def message(self) -> str:
        """The text of the error."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[HindsightTeamsError], args: tuple[Any, ...], state: dict[str, Any]) -> HindsightTeamsError:
    error = kind.__new__(kind, *args)
    error.args = args  # an OSError, as AccessDenied is, leaves them out where only __new__ was called
    error.__dict__.update(state)
    return error


HindsightError = HindsightTeamsError
"""The name that hindsight-agno gives to the base of its errors."""


class InvalidInput(HindsightTeamsError, ValueError):
    """A value that was given is wrong."""


class InvalidBankId(InvalidInput):
    """A bank id that no backend could hold."""


class ContentRefused(InvalidInput):
    """A write guard refused the content."""


class ConfigurationError(HindsightTeamsError):
    """Settings that are wrong or can't work together."""


class TeamDefinitionError(ConfigurationError):
    """A mistake in team.toml or in the arguments of TeamMemory."""


class IdentityRequired(HindsightTeamsError):
    """The bank's scope needs an identity that the run does not carry."""


class AccessDenied(HindsightTeamsError, PermissionError):
    """The caller does not hold the right it asked to use."""

    def __str__(self) -> str:  # PermissionError (an OSError) would print its own fields
        return self.message


class AuditFailed(HindsightTeamsError):
    """The audit log can't be written, and calls that can't be recorded are refused."""


class BackendError(HindsightTeamsError):
    """The backend could not do what was asked."""


class Retryable(BackendError):
    """The same call may succeed later."""


class BackendUnreachable(Retryable):
    """The connection could not be made, or it broke."""


class BackendTimeout(Retryable, TimeoutError):
    """No answer within the time allowed."""

    def __str__(self) -> str:  # TimeoutError is an OSError, see AccessDenied
        return self.message


class RateLimited(Retryable):
    """Too many requests; ``details["retry_after"]`` holds the seconds the server asked for, if it did."""


class ServerFault(Retryable):
    """The server failed (5xx)."""


class DatabaseLocked(Retryable):
    """Another process held the database longer than the busy timeout."""


class Terminal(BackendError):
    """The same call will fail again."""


class Unauthorized(Terminal):
    """The API key is missing or wrong."""


class Forbidden(Terminal):
    """The API key is known and does not allow this."""


class NotFound(Terminal):
    """The document, memory or operation does not exist."""


class BankNotFound(NotFound):
    """The bank does not exist."""


class Rejected(Terminal):
    """The server refused a value; ``details["field"]`` names it."""


class UnexpectedAnswer(Terminal):
    """The answer is not that of a Hindsight server, or it is truncated."""


class Unsupported(Terminal):
    """This backend, or its version, does not offer the operation."""


class DatabaseUnusable(Terminal):
    """The database file can't be used: a directory, read-only, not a database, corrupt, full or too new."""


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """A clause that names the nearest known value, or lists them all when none is near."""
    names = sorted(known)
    near = get_close_matches(str(value)[:200], names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(map(repr, names))}" if names else "none is defined"
