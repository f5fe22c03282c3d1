"""Requests as values, and the exchange of one request for one answer. Pure; does no I/O.

A plan is a generator that yields steps (``Call``, ``Pause``) and receives what came of them. ``exchange`` is the
smallest plan: one call, repeated where that is safe, read into a model. ``HindsightBackend`` carries plans out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from pydantic_core import from_json

from hindsight_teams.backends.hindsight import faults
from hindsight_teams.backends.hindsight.retry import Repeat, RetryPolicy, retry_after_seconds
from hindsight_teams.errors import BackendError, BankNotFound, InvalidInput, NotFound
from hindsight_teams.requests.tags import TagFilter

T = TypeVar("T")

Wait = Literal["recall", "reflect", "retain"]
"""Which of the timeouts applies; ``recall`` is also that of every small request."""

BANKS = "/v1/default/banks"

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request.

    Attributes:
        verb: What it is, in words for messages.
        path: Under the base URL, percent-encoded, with its query.
        content: The body, JSON in UTF-8 where ``content_type`` says nothing else.
        wait: Which timeout applies.
        longer: Seconds added to it, for a large request.
        repeat: When it may be sent again.
    """

    verb: str
    method: str
    path: str
    content: bytes | None = None
    wait: Wait = "recall"
    longer: float = 0.0
    repeat: Repeat = "always"
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds; ``why`` is logged, where a request failed and is repeated."""

    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    content: bytes
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer.

    Attributes:
        processed: The server may have worked on the request.
        repeatable: Trying again may help.
    """

    error: BackendError
    processed: bool
    repeatable: bool


Step: TypeAlias = Call | Pause
Outcome: TypeAlias = Reply | Failure | None
Plan: TypeAlias = Generator[Step, Outcome, T]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every exchange of one backend."""

    retry: RetryPolicy
    has_key: bool
    location: str


def exchange(call: Call, read: Callable[[Any], T], rules: Rules) -> Plan[T]:
    """Send a call until it is answered, or must be given up, and read the answer.

    Raises:
        BackendError: Of the kind that fits; ``details`` says where and what the server said.
    """
    attempt = 1
    while True:
        outcome = yield call
        if isinstance(outcome, Reply):
            if 200 <= outcome.status < 300:
                return _read(call, outcome.content, read, rules)
            error = faults.from_answer(
                outcome.status,
                outcome.content,
                verb=call.verb,
                retry_after=outcome.retry_after,
                has_key=rules.has_key,
            )
            # 429 and 503 are said before any work is done; after another 5xx some of it may have been.
            again = rules.retry.allows(
                attempt, call.repeat, status=outcome.status, processed=outcome.status not in (429, 503)
            )
            asked = retry_after_seconds(outcome.retry_after)
        else:
            assert isinstance(outcome, Failure)
            error, asked = outcome.error, None
            again = outcome.repeatable and rules.retry.allows(
                attempt, call.repeat, status=None, processed=outcome.processed
            )
        pause = rules.retry.pause(attempt, asked) if again else None
        if pause is None:
            error.details.update(url=rules.location, request=f"{call.method} {call.path}", attempts=attempt)
            raise error
        yield Pause(pause, error.message)
        attempt += 1


def unless_missing(plan: Plan[T], otherwise: T) -> Plan[T]:
    """A plan whose answer is ``otherwise`` where there is no such bank or thing."""
    try:
        return (yield from plan)
    except NotFound:
        return otherwise


def unless_no_bank(plan: Plan[T], otherwise: T) -> Plan[T]:
    """A plan whose answer is ``otherwise`` where the bank does not exist."""
    try:
        return (yield from plan)
    except BankNotFound:
        return otherwise


def _read(call: Call, content: bytes, read: Callable[[Any], T], rules: Rules) -> T:
    try:
        return read(_parsed(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        error = faults.unreadable(content, verb=call.verb)
        error.details.update(url=rules.location, request=f"{call.method} {call.path}", cause=repr(cause))
        raise error from cause


def _parsed(content: bytes) -> Any:
    try:
        return from_json(content, cache_strings="keys")  # in two thirds of the time
    except ValueError:  # half of a surrogate pair, which only the standard library reads; or no JSON, as it then says
        return json.loads(content)


def encode(body: Mapping[str, Any]) -> bytes:
    """A body as JSON in UTF-8.

    Raises:
        InvalidInput: A string in it is not valid Unicode, or a value has no JSON form.
    """
    try:
        return _JSON.encode(body).encode()
    except UnicodeEncodeError:
        raise InvalidInput(
            "the request holds half of a surrogate pair, which is not valid Unicode; remove it"
        ) from None
    except TypeError as error:
        raise InvalidInput(f"the request can't be written as JSON: {error}") from None


@lru_cache(maxsize=4096)
def bank(bank_id: str) -> str:
    """The path of a bank."""
    return f"{BANKS}/{segment(bank_id)}"


def segment(value: str) -> str:
    """One percent-encoded path segment; dots alone would be read as path steps."""
    return "%2E" * len(value) if value in (".", "..") else quote(value, safe="")


def query(path: str, **values: Any) -> str:
    """A path with the query parameters that are not None."""
    given = {name: value for name, value in values.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


PAGE = 500
"""Rows asked for at once."""


def tag_filter(chosen: TagFilter) -> dict[str, Any]:
    """Both filters ANDed; the server takes only one of them, so flat tags become one more group."""
    flat, groups = list(chosen.tags), list(chosen.groups)
    given = bool(flat) or chosen.match == "exact"
    if not groups:
        return {"tags": flat, "tags_match": chosen.match} if given else {}
    return {"tag_groups": [*groups, {"tags": flat, "match": chosen.match}] if given else groups}


def selection(chosen: TagFilter, document_id: str | None) -> dict[str, Any]:
    """Which memories of a bank, as query parameters of its listing."""
    found = tag_filter(chosen)
    if document_id is not None:
        found["document_id"] = document_id
    return {name: value for name, value in found.items() if value != []}


def count(rules: Rules, path: str) -> Plan[int | None]:
    """How many memories the bank at this path holds; None where it does not exist."""
    call = Call("bank_stats", "GET", query(path + "/memories/list", limit=0))
    total: Plan[int | None] = exchange(call, lambda answer: int(answer["total"]), rules)
    return (yield from unless_no_bank(total, None))


def all_pages(
    rules: Rules,
    verb: str,
    path: str,
    key: str,
    read: Callable[[Mapping[str, Any]], T],
    *,
    page: int = PAGE,
    **filters: Any,
) -> Plan[list[T]]:
    """Every row of a listing, in the server's order."""
    found: list[T] = []
    while True:
        call = Call(verb, "GET", query(path, **filters, limit=page, offset=len(found)))
        rows, total = yield from exchange(
            call, lambda answer: ([read(raw) for raw in answer[key]], int(answer["total"])), rules
        )
        found += rows
        if not rows or len(found) >= total:
            return found


def ignore(answer: Any) -> None:
    """Read nothing, but a JSON object it must be."""
    if not isinstance(answer, dict):
        raise TypeError("not an object")
