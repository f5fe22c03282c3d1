"""Banks, their tags, and the server they live on."""

from __future__ import annotations

import re
from dataclasses import replace

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import wire
from hindsight_teams.backends.hindsight.plans import parts
from hindsight_teams.backends.hindsight.retry import RetryPolicy
from hindsight_teams.backends.hindsight.wire import Call, Plan, Rules, exchange, unless_no_bank
from hindsight_teams.errors import BackendError, Unsupported
from hindsight_teams.models import BankInfo, BankStats, Health, TagCount
from hindsight_teams.requests import checks

MIN_VERSION = (1, 1)
"""The oldest server that this client was tried with."""


def ensure_bank(rules: Rules, bank_id: str, *, name: str | None = None) -> Plan[BankInfo]:
    """Make the bank when it does not exist; one that does keeps its name and missions.

    The server's own PUT would overwrite them, so it is sent for a new bank alone.
    """
    path = wire.bank(bank_id)
    body = {} if name is None else {"name": checks.check_text("name", name)}
    for found in (yield from list_banks(rules, prefix=bank_id)):
        if found.bank_id == bank_id:
            return found
    return (yield from exchange(Call("ensure_bank", "PUT", path, wire.encode(body)), answers.bank, rules))


def list_banks(rules: Rules, *, prefix: str | None = None) -> Plan[list[BankInfo]]:
    """All banks, by id; only those whose id starts with ``prefix`` where one is given."""
    # The server searches anywhere in id and name; only true prefixes are kept.
    found = yield from parts.all_pages(rules, "list_banks", wire.BANKS, "banks", answers.bank, q=prefix or None)
    return sorted((b for b in found if b.bank_id.startswith(prefix or "")), key=lambda b: b.bank_id)


def bank_stats(rules: Rules, bank_id: str) -> Plan[BankStats]:
    """Counts of one bank, observations among its memories.

    Raises:
        BankNotFound: There is no such bank.
    """
    return (yield from exchange(Call("bank_stats", "GET", wire.bank(bank_id) + "/stats"), answers.stats, rules))


def delete_bank(rules: Rules, bank_id: str) -> Plan[int]:
    """Delete a bank with all it holds; how many memories that were, 0 where there was no such bank."""
    path = wire.bank(bank_id)
    count = yield from parts.count(rules, path)  # the server's own count includes rows of other kinds
    if count is None:
        return 0
    yield from exchange(Call("delete_bank", "DELETE", path), parts.ignore, rules)
    return count


def list_tags(rules: Rules, bank_id: str, *, pattern: str | None = None) -> Plan[list[TagCount]]:
    """Tags in use, most used first; ``pattern`` may hold ``*`` as in ``team:*``."""
    path = wire.bank(bank_id) + "/tags"
    pages = parts.all_pages(rules, "list_tags", path, "items", answers.tag, q=pattern)
    found = yield from unless_no_bank(pages, [])
    return sorted(found, key=lambda t: (-t.count, t.tag))


def version(rules: Rules) -> Plan[str]:
    """The server's version, such as ``1.1.0``."""
    return (yield from exchange(Call("version", "GET", "/version"), lambda body: str(body["api_version"]), rules))


def check_version(rules: Rules) -> Plan[str]:
    """The server's version.

    Raises:
        Unsupported: It is older than what this client was tried with.
    """
    return _new_enough((yield from version(rules)))


def _new_enough(found: str) -> str:
    if tuple(map(int, re.findall(r"\d+", found)[:2])) < MIN_VERSION:
        least = ".".join(map(str, MIN_VERSION))
        raise Unsupported(f"the Hindsight server is version {found}, and at least {least} is needed; upgrade it")
    return found


def health(rules: Rules) -> Plan[Health]:
    """Whether the server is up, new enough and takes the key; never raises for one that is not."""
    once = replace(rules, retry=RetryPolicy(attempts=1))
    found = None
    try:
        found = yield from version(once)
        _new_enough(found)
        yield from exchange(Call("health", "GET", wire.query(wire.BANKS, limit=1)), parts.ignore, once)
    except BackendError as error:
        return Health(False, "hindsight", rules.location, found, error.message)
    return Health(True, "hindsight", rules.location, found)
