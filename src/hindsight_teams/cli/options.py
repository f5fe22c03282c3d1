"""Options that several commands share, and the backend that they select."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hindsight_teams.cli.completing import complete_banks, complete_files, complete_team_files
from hindsight_teams.cli.failing import FAILED, usage
from hindsight_teams.errors import AuditFailed, BankNotFound, NotFound, did_you_mean

if TYPE_CHECKING:
    from hindsight_teams.backends.base import Backend

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Db = Annotated[
    Path | None,
    typer.Option("--db", metavar="FILE", help="Use this embedded database file.", autocompletion=complete_files),
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Use this Hindsight server. Its key is read from HINDSIGHT_API_KEY."),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="An Agno model string such as openai:gpt-5-mini; a stand-in by fixed rules if not given.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
TEAM_FILE = "team.toml"

TeamArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="TEAM.TOML",
        help="The team's definition; the current project's if not given.",
        autocompletion=complete_team_files,
    ),
]
TeamOption = Annotated[
    Path | None,
    typer.Option(
        "--team",
        metavar="FILE",
        help="The team's definition; the current project's if not given.",
        autocompletion=complete_team_files,
    ),
]


Bank = Annotated[
    str, typer.Argument(metavar="BANK", help="The bank's id; `bank list` shows them.", autocompletion=complete_banks)
]
_FEW_BANKS = 1000  # among which the nearest name is looked for


def check_place(db: Path | None, url: str | None) -> None:
    """Refuse a file and a server at once."""
    if db is not None and url is not None:
        raise usage("give --db or --url, not both")


@contextmanager
def backend(db: Path | None, url: str | None, *, must_exist: bool = False) -> Iterator[Backend]:
    """The backend that ``--db`` or ``--url`` names, else the one the settings choose; closed afterwards.

    Args:
        db: An embedded database file.
        url: A Hindsight server.
        must_exist: Refuse a ``--db`` that is not there: a command that only reads makes no file for a mistyped name.

    Raises:
        NotFound: The file is not there.
    """
    check_place(db, url)
    if db is not None and must_exist and not db.exists():
        raise NotFound("there is no such database file", path=str(db))
    from hindsight_teams.backends.select import open_backend

    opened = open_backend(db=db, hindsight_api_url=url)
    try:
        yield opened
    finally:
        opened.close()


def insist_on(memory: Backend, bank: str) -> None:
    """Tell a bank that is not there from one that holds nothing.

    Raises:
        BankNotFound: There is no such bank.
    """
    if any(found.bank_id == bank for found in memory.list_banks(prefix=bank)):
        return
    known = [found.bank_id for found in memory.list_banks()]
    near = f" {did_you_mean(bank, known)}" if known and len(known) <= _FEW_BANKS else ""
    and_then = "" if not near or near.endswith("?") else ";"
    raise BankNotFound(f"there is no bank {bank!r};{near}{and_then} `hindsight-teams bank list` shows those there are")


def login() -> str | None:
    """The name of whoever is logged in, where the system knows one."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


@contextmanager
def recorded(verb: str, bank: str, reason: str | None = None) -> Iterator[dict[str, Any]]:
    """Leave an audit event of what an operator does to a bank, however it ends; who is logged in is its ``actor``.

    Args:
        verb: What is done.
        bank: The bank's id.
        reason: What the event says besides.

    Yields:
        More fields of the event, to be filled in.

    Raises:
        AuditFailed: It can't be recorded, and such calls are refused.
    """
    from hindsight_teams.audit import AuditEvent, Outcome, default_audit, trail_of
    from hindsight_teams.settings import resolve

    settings = resolve()
    trail = trail_of(default_audit(settings.audit), strict=settings.audit_failure == "refuse")
    more: dict[str, Any] = {}

    def tell(outcome: Outcome) -> None:
        assert trail is not None
        trail.record(AuditEvent(verb=verb, outcome=outcome, actor=login(), bank_id=bank, reason=reason, **more))

    if trail is not None and trail.strict:
        tell("begun")
    try:
        yield more
    except BaseException as error:
        more["error"] = type(error).__name__
        with suppress(AuditFailed):
            tell("error")
        raise
    tell("allowed")


def interactive() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, and leave on a no; where nobody can answer, insist on ``--yes``."""
    if yes:
        return
    if not interactive():
        raise usage(f"{question} Use --yes to continue")
    if not typer.confirm(question):
        raise typer.Exit(FAILED)


def moment(text: str | None, option: str) -> datetime | None:
    """A time from an option; one without a zone is local time."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise usage(f"{option} {text!r} must look like 2026-01-31 or 2026-01-31T09:30:00+01:00") from None
    return found if found.tzinfo else found.astimezone()


def find_team_file(given: Path | None) -> Path:
    """The path of a team.toml, whether or not it exists.

    A folder stands for the file in it. Without any, it is ``team.toml`` in the current folder, else the file that
    ``[tool.hindsight-teams] team`` of its pyproject.toml names, as in a project made by ``hindsight-teams new``.
    """
    folder = given if given is not None and given.is_dir() else Path()
    if given is not None and not given.is_dir():
        return given
    plain = folder / TEAM_FILE
    named = None if plain.exists() else _from_pyproject(folder / "pyproject.toml")
    return folder / named if named else plain


def _from_pyproject(path: Path) -> str | None:
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))["tool"]["hindsight-teams"]["team"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError):
        return None
    return value if isinstance(value, str) else None


ADD_MEANING = "pip install 'hindsight-teams[minilm]' and set HINDSIGHT_TEAMS_EMBEDDER=minilm"
WORDS_ONLY = f"Matched by words, names and dates. To match by meaning too: {ADD_MEANING}."


def finds_by_meaning(db: Path | None, url: str | None) -> bool:
    """Whether the backend that the options and settings choose compares meanings: a server, or a file with vectors."""
    from hindsight_teams.backends.select import choose_backend
    from hindsight_teams.settings import resolve

    chosen = choose_backend(db=db, hindsight_api_url=url)
    return chosen.kind == "hindsight" or resolve(db=db, hindsight_api_url=url).embedder is not None
