"""Every command in a console block of the README and the docs runs, in order, each page in a folder of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT, _toml_of_the_readme
from tests.harness import Server

pytestmark = pytest.mark.slow

HINDSIGHT, AGENTOS = "http://localhost:8888", "http://localhost:7777"

RUN_ELSEWHERE = {
    "docs/cli.md": "tests/cli/test_cli_page.py runs it from top to bottom",
}
"""Pages, and where their commands are executed."""

CANNOT_RUN = {
    r"git clone .*": "the tests run in a clone, and need no network",
    r"pip install .*": "it is installed already, from this very tree",
    r"python -m venv .*": "the environment is the one that the tests run in",
    r"\. \.venv/bin/activate": "the same",
    r"(README\.md: )pytest": "these are the tests",
    r"python -m tests\.harness .*": "it installs, starts or stops the server that other tests are using",
    r"python benchmarks/.*": "it takes minutes; benchmarks have tests of their own",
}
"""Commands that are left out, as a pattern of the whole command, and the reason."""

INSTEAD = {
    'pip install -e ".[dev]"': 'export PYTHONPATH="$PWD"',  # what the installation makes importable
    "hindsight-teams inspect": "hindsight-teams inspect --help",  # it serves until it is stopped; tests/cli/inspect look
    "hindsight-teams mcp --member researcher": "hindsight-teams mcp --member researcher --json",  # the same; tests/cli/mcp
    "hindsight-teams chat --user ada": "hindsight-teams chat --user ada </dev/null",
}

SERVERS = {
    "python -m my_team.app": AGENTOS,
}
"""Commands that run until they are stopped, and where they answer."""

PREPARED = {
    "docs/audit.md": "HINDSIGHT_TEAMS_AUDIT=audit.db hindsight-teams run researcher_answerer 'When did it sink?'",
    "docs/tutorial.md on a server": "hindsight-teams bank retain my-team:shared 'Maple starts in May.' --db memory.db",
}
"""What a page takes for granted."""

SAYS = {
    "README.md": ["Endurance", "my-team"],
    "docs/audit.md": ["recall", "Keep this head elsewhere"],
    "docs/tutorial.md": ['"content":"(offline stand-in) From memory:'],
}
"""What must have been printed, besides the ``text`` blocks of the page."""

SHOWN = {"docs/tutorial.md"}
"""Pages whose ``text`` blocks show what the commands before them print."""


def commands(page: str) -> list[str]:
    """The commands of a page's console blocks; what ``&&`` joins are several."""
    blocks = re.findall(r"^ *```(?:console|bash|shell|sh)\n(.*?)^ *```", (ROOT / page).read_text("utf-8"), re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [part.strip() for line in lines for part in line.split(" && ") if part.strip()]


PAGES = sorted(
    page
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if commands(page := path.relative_to(ROOT).as_posix())
)


def reason(page: str, command: str) -> str | None:
    """Why a command can't run here."""
    for pattern, why in CANNOT_RUN.items():
        if re.fullmatch(pattern, command) or re.fullmatch(pattern, f"{page}: {command}"):
            return why
    return None


def on_a_server(page: str) -> tuple[list[str], list[str]]:
    """The commands of a page without those that need a Hindsight server, and those: from its first mention on."""
    all_commands = commands(page)
    first = next((n for n, command in enumerate(all_commands) if HINDSIGHT in command), len(all_commands))
    return all_commands[:first], all_commands[first:]


def script(page: str, chosen: list[str]) -> str:
    """A shell script of the commands that can run here."""
    lines = [PREPARED[page]] if page in PREPARED else []
    for command in chosen:
        bare = command.split("  #")[0].strip()
        if bare in INSTEAD:
            lines.append(INSTEAD[bare])
        elif bare in SERVERS:
            # curl's retries, and not a pause, wait until it answers
            lines += [
                f"{bare} >served.log 2>&1 &",
                "trap 'kill $!' EXIT",
                f"curl -s -o served.json --retry 60 --retry-connrefused --retry-delay 1 {SERVERS[bare]}/health",
            ]
        elif reason(page.split(" on ")[0], bare) is None:
            lines.append(command)
    return "\n".join(lines)


def output_of(lines: str, folder: Path, **replaced: str) -> str:
    for old, new in {AGENTOS: f"http://localhost:{_free_port()}", "/etc/hindsight": str(folder)}.items():
        replaced.setdefault(old, new)
    for old, new in replaced.items():
        lines = lines.replace(old, new)
    here = Path(sys.executable).parent
    (folder / "team.toml").write_text(_toml_of_the_readme())
    environment = {
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "HINDSIGHT_TEAMS_DB": str(folder / "home.db"),
        "AGENT_OS_PORT": replaced[AGENTOS].rpartition(":")[2],
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-eux", "-c", lines],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if page not in RUN_ELSEWHERE])
def test_the_commands_of_a_page_run(page: str, tmp_path: Path) -> None:
    own, _ = on_a_server(page)
    printed = output_of(script(page, own), tmp_path)
    for text in SAYS.get(page, ()):
        assert text in printed
    if page in SHOWN:
        _shows(page, printed)


@pytest.mark.parametrize("page", [page for page in PAGES if on_a_server(page)[1]])
def test_the_commands_that_need_a_server_run_on_one(page: str, tmp_path: Path, hindsight_server: Server) -> None:
    _, chosen = on_a_server(page)
    printed = output_of(script(f"{page} on a server", chosen), tmp_path, **{HINDSIGHT: hindsight_server.url})
    assert "came back" in printed


def test_every_exception_is_one_that_a_page_needs() -> None:
    found = [(page, command.split("  #")[0].strip()) for page in PAGES for command in commands(page)]
    for pattern in CANNOT_RUN:
        assert any(re.fullmatch(pattern, c) or re.fullmatch(pattern, f"{p}: {c}") for p, c in found), pattern
    for command in [*INSTEAD, *SERVERS]:
        assert command in [c for _, c in found], command
    assert {page.split(" on ")[0] for page in [*PREPARED, *SAYS, *RUN_ELSEWHERE, *SHOWN]} <= set(PAGES)


def _shows(page: str, printed: str) -> None:
    lines = set(map(_plain, printed.splitlines()))
    for block in re.findall(r"^```text\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S):
        for line in filter(None, map(_plain, block.splitlines())):
            assert line in lines, f"{page} shows {line!r}"


def _plain(line: str) -> str:
    """A line without its spacing, and with every date the same."""
    return re.sub(r"\d{4}-\d\d-\d\d", "DATE", " ".join(line.split()))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        port: int = taken.getsockname()[1]
        return port
