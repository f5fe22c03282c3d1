"""Requests about banks, their tags, background operations and the server as HTTP calls."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from hindsight_teams import requests as ask
from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.retry import RetryPolicy
from hindsight_teams.backends.hindsight.wire import Call, Pause, Plan, Rules, exchange, unless_missing, unless_no_bank
from hindsight_teams.errors import BackendError, BackendTimeout, Unsupported
from hindsight_teams.models import BankInfo, BankStats, Health, Operation, TagCount

MIN_VERSION = (1, 1)
"""The oldest server that this client was tried with."""


def ensure_bank(rules: Rules, request: ask.EnsureBank) -> Plan[BankInfo]:
    """Make the bank when it does not exist.

    The server's own PUT would overwrite the name and missions of one that does, so it is sent for a new bank alone.
    """
    body = {} if request.name is None else {"name": request.name}
    for found in (yield from list_banks(rules, ask.ListBanks(prefix=request.bank))):
        if found.bank_id == request.bank:
            return found
    call = Call("ensure_bank", "PUT", wire.bank(request.bank), wire.encode(body))
    return (yield from exchange(call, answers.bank, rules))


def list_banks(rules: Rules, request: ask.ListBanks) -> Plan[list[BankInfo]]:
    """The server searches anywhere in id and name; only true prefixes are kept."""
    prefix = request.prefix or ""
    found = yield from wire.all_pages(rules, "list_banks", wire.BANKS, "banks", answers.bank, q=prefix or None)
    return sorted((b for b in found if b.bank_id.startswith(prefix)), key=lambda b: b.bank_id)


def bank_stats(rules: Rules, request: ask.GetStats) -> Plan[BankStats]:
    """Counts of one bank, observations among its memories."""
    return (yield from exchange(Call("bank_stats", "GET", wire.bank(request.bank) + "/stats"), answers.stats, rules))


def delete_bank(rules: Rules, request: ask.DeleteBank) -> Plan[int]:
    """Delete a bank; the server's own count includes rows of other kinds, so the memories are counted first."""
    path = wire.bank(request.bank)
    count = yield from wire.count(rules, path)
    if count is None:
        return 0
    yield from exchange(Call("delete_bank", "DELETE", path), wire.ignore, rules)
    return count


def list_tags(rules: Rules, request: ask.ListTags) -> Plan[list[TagCount]]:
    """Tags in use, most used first."""
    path = wire.bank(request.bank) + "/tags"
    # The server makes a SQL pattern of it, in which only the star may stand for more than itself.
    literal = None if request.pattern is None else re.sub(r"[\\%_]", r"\\\g<0>", request.pattern)
    pages = wire.all_pages(rules, "list_tags", path, "items", answers.tag, q=literal)
    found = yield from unless_no_bank(pages, [])
    return sorted(found, key=lambda t: (-t.count, t.tag))


def version(rules: Rules, request: ask.GetVersion) -> Plan[str]:
    """The server's version."""
    call = Call("version", "GET", "/version")
    found = yield from exchange(call, lambda body: str(body["api_version"]), rules)
    return _new_enough(found) if request.checked else found


def _new_enough(found: str) -> str:
    if tuple(map(int, re.findall(r"\d+", found)[:2])) < MIN_VERSION:
        least = ".".join(map(str, MIN_VERSION))
        raise Unsupported(f"the Hindsight server is version {found}, and at least {least} is needed; upgrade it")
    return found


def health(rules: Rules, _: ask.GetHealth) -> Plan[Health]:
    """Whether the server is up, new enough and takes the key; never raises for one that is not."""
    once = replace(rules, retry=RetryPolicy(attempts=1))
    found = None
    try:
        found = yield from version(once, ask.GetVersion())
        _new_enough(found)
        yield from exchange(Call("health", "GET", wire.query(wire.BANKS, limit=1)), wire.ignore, once)
    except BackendError as error:
        return Health(False, "hindsight", rules.location, found, error.message)
    return Health(True, "hindsight", rules.location, found)


FINAL = frozenset({"completed", "failed", "cancelled", "not_found"})


def list_operations(rules: Rules, request: ask.ListOperations) -> Plan[list[Operation]]:
    """Background operations of a bank, newest first."""
    path = wire.bank(request.bank) + "/operations"
    pages = wire.all_pages(
        rules, "list_operations", path, "operations", answers.operation, page=100, status=request.status
    )
    return (yield from unless_no_bank(pages, []))


def get_operation(rules: Rules, request: ask.GetOperation) -> Plan[Operation]:
    """One operation; ``status`` is ``not_found`` where there is none."""
    return (yield from exchange(Call("get_operation", "GET", _path(request)), answers.operation, rules))


def cancel_operation(rules: Rules, request: ask.CancelOperation) -> Plan[Operation]:
    """Cancel an operation that has not ended; what it is afterwards."""
    call = Call("cancel_operation", "DELETE", _path(request))
    yield from unless_missing(exchange(call, wire.ignore, rules), None)
    return (yield from get_operation(rules, request))


def wait_for_operation(rules: Rules, request: ask.WaitForOperation) -> Plan[Operation]:
    """Ask, less and less often, until an operation has ended; its ``status`` says how.

    Raises:
        BackendTimeout: It has not within ``timeout`` seconds.
    """
    operation_id, timeout = request.operation_id, request.timeout
    until, pause = time.monotonic() + timeout, 0.1
    while True:
        operation = yield from get_operation(rules, request)
        if operation.status in FINAL:
            return operation
        left = until - time.monotonic()
        if left <= 0:
            raise BackendTimeout(
                f"operation {operation_id} is still {operation.status} after {timeout:g} s; it goes on: wait again"
            )
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, 3.0)


def _path(request: ask.GetOperation) -> str:
    return f"{wire.bank(request.bank)}/operations/{request.operation_id}"
