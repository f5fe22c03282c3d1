"""``hindsight-teams doctor``: show the backend in use and why, and check that a write can be read back."""

from __future__ import annotations

import os
import platform
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hindsight_teams.cli.failing import FAILED, in_words
from hindsight_teams.cli.options import ADD_MEANING, Db, Json, Url, check_place
from hindsight_teams.cli.output import glyph, item, print_json, styled, without_secrets
from hindsight_teams.errors import HindsightTeamsError

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend

_IDLE = timedelta(days=90)
"""How long a key may lie unused before it is worth a word: it opens the server all the while."""
_SOON = timedelta(days=14)

_PROBE = "The doctor's probe says that the kingfisher nests by the mill."
_QUESTION = "Where does the kingfisher nest?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is, and whether that is good (None: just a fact)."""

    what: str
    found: str
    ok: bool | None = None


def doctor(
    *,
    write: Annotated[
        bool, typer.Option("--write/--no-write", help="Try a write and a read on a scratch bank, then remove it.")
    ] = True,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Check where memory lives, and that it works.

    It shows which backend is used and why, its place and versions, and tries a write that is read back.
    """
    check_place(db, url)
    looked = [*_versions(), *_team(), *_dotenv(), *_keys(), *_backend(db, url, write=write)]
    findings = [replace(finding, found=without_secrets(finding.found)) for finding in looked]
    healthy = all(finding.ok is not False for finding in findings)
    if json:
        print_json({"ok": healthy, "findings": findings})
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            sign, style = {None: ("", ""), True: (glyph("ok"), "green"), False: (glyph("bad"), "red")}[finding.ok]
            mark = styled((sign.ljust(len(glyph("ok")) + 1), style), (finding.what.ljust(width) + "  ", "dim"))
            item(mark, styled(finding.found))
    if not healthy:
        raise typer.Exit(FAILED)


def _versions() -> list[Finding]:
    import sqlite3

    return [
        Finding("hindsight-teams", version("hindsight-teams")),
        Finding("python", platform.python_version()),
        Finding("agno", _installed("agno")),
        Finding("sqlite", sqlite3.sqlite_version),
    ]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _team() -> list[Finding]:
    """The team.toml of the current project, where there is one."""
    from hindsight_teams.access.definition import TeamDefinition
    from hindsight_teams.cli.options import find_team_file

    path = find_team_file(None)
    if not path.exists():
        return []
    try:
        team = TeamDefinition.from_file(path)
    except HindsightTeamsError as error:
        return [Finding("team", in_words(error), ok=False)]
    members, banks = (
        f"{n} {what}{'' if n == 1 else 's'}" for n, what in ((len(team.grants), "member"), (len(team.banks), "bank"))
    )
    return [Finding("team", f"{team.team_id}: {members}, {banks} ({path})", ok=True)]


def dotenv_names() -> list[str]:
    """The variables that a project's ``.env`` sets here and the environment does not: commands don't read the file."""
    try:
        text = Path(".env").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    set_there = re.findall(r"^[ \t]*(?:export[ \t]+)?(HINDSIGHT_\w+)[ \t]*=", text, re.M)
    return sorted({name for name in set_there if name not in os.environ})


def _dotenv() -> list[Finding]:
    """What a project's ``.env`` would change here, if commands read it as the project's own code does."""
    unread = dotenv_names()
    if not unread:
        return []
    return [Finding(".env", f"sets {', '.join(unread)}, and commands don't read it: `set -a; . ./.env; set +a` first")]


def _keys() -> list[Finding]:
    """The members' keys, where a key file is at hand: those that nobody used for long, and those that end soon."""
    from hindsight_teams.cli.keys import DEFAULT_FILE
    from hindsight_teams.server.key_file import KeyStore

    path = Path(os.environ.get("HINDSIGHT_API_TENANT_KEY_FILE") or DEFAULT_FILE)
    if not path.exists():
        return []
    store = KeyStore(path)
    try:
        keys, used = [key for key in store.list() if key.active], store.last_used()
    except HindsightTeamsError as error:
        return [Finding("keys", in_words(error), ok=False)]
    now = datetime.now(UTC)
    found = [Finding("keys", f"{len(keys)} that count ({path})")]
    for key in keys:
        idle = now - used.get(key.id, key.created)
        if idle > _IDLE:
            since = "was not used" if key.id in used else "was never used"
            told = f"{key.id} of {key.member} {since} for {idle.days} days; revoke it if nobody needs it"
            found.append(Finding("keys", f"warning: {told}"))
        if key.expires is not None and key.expires - now < _SOON:
            told = f"{key.id} of {key.member} ends on {key.expires:%Y-%m-%d %H:%M} UTC; `keys rotate {key.id}`"
            found.append(Finding("keys", f"warning: {told}"))
    return found


def _backend(db: Db, url: Url, *, write: bool) -> list[Finding]:
    from hindsight_teams.backends.select import choose_backend, open_backend
    from hindsight_teams.settings import resolve

    try:
        choice = choose_backend(db=db, hindsight_api_url=url)
        settings = resolve(db=db, hindsight_api_url=url)
    except HindsightTeamsError as error:
        return [Finding("settings", in_words(error), ok=False)]
    found = [
        Finding("backend", {"sqlite": "embedded SQLite file", "hindsight": "Hindsight server"}[choice.kind]),
        Finding("because", choice.reason),
        Finding("location", choice.location),
    ]
    if choice.kind == "hindsight":
        found.append(Finding("api key", "set" if settings.api_key is not None else "not set"))
    else:
        none = f"none: words alone are matched; for meaning, {ADD_MEANING}"
        found.append(Finding("embedder", settings.embedder or none))
    found.append(Finding("audit log", str(settings.audit or "none")))
    try:
        backend = open_backend(db=db, hindsight_api_url=url)
    except HindsightTeamsError as error:
        return [*found, Finding("opens", in_words(error), ok=False)]
    try:
        found += _health(backend)
        if write and found[-1].ok is not False:
            found.append(_round_trip(backend))
    finally:
        backend.close()
    return found


def _health(backend: Backend) -> list[Finding]:
    """The backend's own word on itself; for a server also that it is new enough and takes the key."""
    health = backend.health()
    told = Finding("health", health.message or ("good" if health.ok else "not good"), ok=health.ok)
    embedded = health.backend == "sqlite"
    if not health.version or (embedded and not health.ok):  # a file that can't be opened has no schema to speak of
        return [told]
    return [Finding("schema" if embedded else "server version", health.version), told]


def _round_trip(backend: Backend) -> Finding:
    """Write to a scratch bank, read it back, remove the bank."""
    bank = f"hindsight-teams-doctor-{uuid.uuid4().hex[:12]}"
    started = time.perf_counter()
    try:
        backend.retain(bank, _PROBE)
        known = backend.recall(bank, _QUESTION).results
    except HindsightTeamsError as error:
        return Finding("write and read", in_words(error), ok=False)
    finally:
        leftover = _attempt(lambda: backend.delete_bank(bank))
    took = f"{(time.perf_counter() - started) * 1e3:.0f} ms"
    if leftover is not None:
        return Finding("write and read", f"the scratch bank {bank} could not be removed: {leftover}", ok=False)
    if not any("kingfisher" in memory.text.casefold() for memory in known):
        return Finding("write and read", "what was written did not come back", ok=False)
    return Finding("write and read", f"came back in {took}; the scratch bank is removed", ok=True)


def _attempt(action: Callable[[], object]) -> str | None:
    """What went wrong, if anything."""
    try:
        action()
    except HindsightTeamsError as error:
        return in_words(error)
    return None
