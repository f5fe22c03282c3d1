"""Requests about background operations as HTTP calls."""

from __future__ import annotations

import time

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.plans import parts
from hindsight_teams.backends.hindsight.wire import Call, Pause, Plan, Rules, exchange, unless_missing, unless_no_bank
from hindsight_teams.errors import BackendTimeout
from hindsight_teams.models import Operation
from hindsight_teams.requests import CancelOperation, GetOperation, ListOperations, WaitForOperation

FINAL = frozenset({"completed", "failed", "cancelled", "not_found"})


def list_operations(rules: Rules, request: ListOperations) -> Plan[list[Operation]]:
    """Background operations of a bank, newest first."""
    path = wire.bank(request.bank) + "/operations"
    pages = parts.all_pages(
        rules, "list_operations", path, "operations", answers.operation, page=100, status=request.status
    )
    return (yield from unless_no_bank(pages, []))


def get_operation(rules: Rules, request: GetOperation) -> Plan[Operation]:
    """One operation; ``status`` is ``not_found`` where there is none."""
    return (yield from exchange(Call("get_operation", "GET", _path(request)), answers.operation, rules))


def cancel_operation(rules: Rules, request: CancelOperation) -> Plan[Operation]:
    """Cancel an operation that has not ended; what it is afterwards."""
    call = Call("cancel_operation", "DELETE", _path(request))
    yield from unless_missing(exchange(call, parts.ignore, rules), None)
    return (yield from get_operation(rules, request))


def wait_for_operation(rules: Rules, request: WaitForOperation) -> Plan[Operation]:
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


def _path(request: GetOperation) -> str:
    return f"{wire.bank(request.bank)}/operations/{request.operation_id}"
