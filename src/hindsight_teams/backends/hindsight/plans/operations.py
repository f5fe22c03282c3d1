"""What the server does in the background."""

from __future__ import annotations

import time

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.plans import parts
from hindsight_teams.backends.hindsight.wire import Call, Pause, Plan, Rules, exchange, unless_missing, unless_no_bank
from hindsight_teams.errors import BackendTimeout
from hindsight_teams.models import Operation, OperationStatus
from hindsight_teams.requests import checks

FINAL = frozenset({"completed", "failed", "cancelled", "not_found"})


def list_operations(rules: Rules, bank_id: str, *, status: OperationStatus | None = None) -> Plan[list[Operation]]:
    """Background operations of a bank, newest first."""
    path = wire.bank(bank_id) + "/operations"
    pages = parts.all_pages(rules, "list_operations", path, "operations", answers.operation, page=100, status=status)
    return (yield from unless_no_bank(pages, []))


def get_operation(rules: Rules, bank_id: str, operation_id: str) -> Plan[Operation]:
    """One operation; ``status`` is ``not_found`` where there is none."""
    return (yield from exchange(Call("get_operation", "GET", _path(bank_id, operation_id)), answers.operation, rules))


def cancel_operation(rules: Rules, bank_id: str, operation_id: str) -> Plan[Operation]:
    """Cancel an operation that has not ended; what it is afterwards.

    Raises:
        Rejected: It has ended.
    """
    call = Call("cancel_operation", "DELETE", _path(bank_id, operation_id))
    yield from unless_missing(exchange(call, parts.ignore, rules), None)
    return (yield from get_operation(rules, bank_id, operation_id))


def wait_for_operation(rules: Rules, bank_id: str, operation_id: str, *, timeout: float = 300.0) -> Plan[Operation]:
    """Ask, less and less often, until an operation has ended; its ``status`` says how.

    Raises:
        BackendTimeout: It has not within ``timeout`` seconds.
    """
    until, pause = time.monotonic() + timeout, 0.1
    while True:
        operation = yield from get_operation(rules, bank_id, operation_id)
        if operation.status in FINAL:
            return operation
        left = until - time.monotonic()
        if left <= 0:
            raise BackendTimeout(
                f"operation {operation_id} is still {operation.status} after {timeout:g} s; it goes on: wait again"
            )
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, 3.0)


def _path(bank_id: str, operation_id: str) -> str:
    return f"{wire.bank(bank_id)}/operations/{checks.check_uuid('operation_id', operation_id)}"
