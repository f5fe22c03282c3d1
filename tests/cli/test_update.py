from __future__ import annotations

import json
from pathlib import Path

import pytest

from hindsight_teams.cli.scaffold import project_files as render
from hindsight_teams.cli.scaffold.place import RECORD
from tests.cli.conftest import Cli
from tests.cli.scaffold.test_place import tree


@pytest.fixture
def project(cli: Cli, home: Path) -> Path:
    assert cli("new", "desk").code == 0
    return home / "desk"


def pretend_older(project: Path, path: str, text: str | None, *, on_disk: bool = True) -> None:
    """Make the project look as if an older template had rendered this text for a path."""
    record = json.loads((project / RECORD).read_text())
    if text is None:
        del record["files"][path]
        (project / path).unlink()
    else:
        record["files"][path] = text
        if on_disk:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(text)
    (project / RECORD).write_text(json.dumps(record))


def test_a_fresh_project_is_up_to_date(cli: Cli, project: Path) -> None:
    before = tree(project)
    assert "up to date" in cli("update", project).out
    assert tree(project) == before


def test_a_file_that_nobody_changed_is_brought_up_to_date(cli: Cli, project: Path) -> None:
    new = (project / "AGENTS.md").read_text()
    pretend_older(project, "AGENTS.md", "# old\n")
    assert cli("update", project, "--json").json["updated"] == ["AGENTS.md"]
    assert (project / "AGENTS.md").read_text() == new
    assert "up to date" in cli("update", project).out


def test_a_change_of_one_s_own_is_merged_with_a_newer_template(cli: Cli, project: Path) -> None:
    new = (project / "README.md").read_text()
    older = new.replace("# Desk\n", "# Desk, as it was\n")
    pretend_older(project, "README.md", older, on_disk=False)
    (project / "README.md").write_text(older + "\n## Mine\n")
    assert cli("update", project, "--json").json["merged"] == ["README.md"]
    assert (project / "README.md").read_text() == new + "\n## Mine\n"


def test_what_both_changed_is_marked_and_fails(cli: Cli, project: Path) -> None:
    new = (project / "AGENTS.md").read_text()
    first = new.splitlines()[0]
    pretend_older(project, "AGENTS.md", new.replace(first, "# Older"), on_disk=False)
    (project / "AGENTS.md").write_text(new.replace(first, "# Mine"))
    updated = cli("update", project)
    assert updated.code == 1
    assert "conflict" in updated.out
    text = (project / "AGENTS.md").read_text()
    assert f"<<<<<<< yours\n# Mine\n=======\n{first}\n>>>>>>> template\n" in text
    again = cli("update", project)
    assert again.code == 1
    assert "conflict markers" in again.err
    (project / "AGENTS.md").write_text(new)
    assert cli("update", project).code == 0


def test_a_new_file_of_the_template_is_added(cli: Cli, project: Path) -> None:
    pretend_older(project, ".github/workflows/ci.yml", None)
    assert cli("update", project, "--json").json["added"] == [".github/workflows/ci.yml"]
    assert (project / ".github/workflows/ci.yml").exists()


def test_a_file_deleted_on_purpose_stays_deleted(cli: Cli, project: Path) -> None:
    pretend_older(project, "AGENTS.md", "# old\n")
    (project / "AGENTS.md").unlink()
    assert cli("update", project, "--json").json["kept"] == ["AGENTS.md"]
    assert not (project / "AGENTS.md").exists()


def test_a_file_that_left_the_template_goes_unless_it_was_changed(cli: Cli, project: Path) -> None:
    pretend_older(project, "old/untouched.md", "old\n")
    pretend_older(project, "old/changed.md", "old\n")
    (project / "old/changed.md").write_text("mine\n")
    updated = cli("update", project, "--json").json
    assert (updated["removed"], updated["kept"]) == (["old/untouched.md"], ["old/changed.md"])
    assert not (project / "old/untouched.md").exists()


def test_a_dry_run_changes_nothing(cli: Cli, project: Path) -> None:
    pretend_older(project, "AGENTS.md", "# old\n")
    before = tree(project)
    assert cli("update", project, "--dry-run", "--json").json["updated"] == ["AGENTS.md"]
    assert tree(project) == before


def test_the_answers_given_when_it_was_made_still_hold(cli: Cli, home: Path) -> None:
    cli("new", "squad", "--recipe", "engineering-squad", "--members", "coder=hacker", "--model", "openai:gpt-5-mini")
    pretend_older(home / "squad", "squad/team.py", "# old\n")
    assert cli("update", home / "squad").code == 0
    assert 'id="hacker"' in (home / "squad/squad/team.py").read_text()


def test_a_failure_leaves_the_project_as_it_was(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_older(project, "AGENTS.md", "# old\n")
    pretend_older(project, "README.md", "# old\n")
    before = tree(project)
    real = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if Path(target) == project / "README.md" and self.parent.name == "new":
            raise OSError(5, "Input/output error", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    assert cli("update", project).code == 1
    monkeypatch.undo()
    assert tree(project) == before


def test_a_folder_that_was_not_made_by_new_is_told_so(cli: Cli, home: Path) -> None:
    failed = cli("update", home)
    assert failed.code == 1
    assert "hindsight-teams new" in failed.err


def test_every_template_has_its_place() -> None:
    there = {path.relative_to(render.TEMPLATES).as_posix() for path in render.TEMPLATES.rglob("*") if path.is_file()}
    assert there == set(render.PLACES)


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "/etc/outside.txt",
        "a/../../outside.txt",
        "a\\..\\outside.txt",
        "C:outside.txt",
        "a//b",
        "",
        ".",
    ],
)
def test_a_record_that_names_a_file_outside_of_the_project_is_refused(cli: Cli, project: Path, path: str) -> None:
    outside = project.parent / "outside.txt"
    outside.write_text("precious")
    record = json.loads((project / RECORD).read_text())
    record["files"][path] = "precious"
    (project / RECORD).write_text(json.dumps(record))
    before = tree(project)
    failed = cli("update", project)
    assert failed.code == 1
    assert RECORD in failed.err
    assert outside.read_text() == "precious"
    assert tree(project) == before


@pytest.mark.parametrize("planted", ["AGENTS.md", RECORD])
def test_a_link_in_the_project_is_not_followed(cli: Cli, project: Path, planted: str) -> None:
    outside = project.parent / "outside.txt"
    outside.write_text((project / planted).read_text())
    pretend_older(project, "README.md", "# old\n")
    (project / planted).unlink()
    (project / planted).symlink_to(outside)
    before = outside.read_text()
    failed = cli("update", project)
    assert failed.code == 1
    assert "link" in failed.err
    assert outside.read_text() == before
    assert (project / planted).is_symlink()
    assert (project / "README.md").read_text() == "# old\n"


def test_a_folder_that_is_a_link_is_not_followed(cli: Cli, project: Path) -> None:
    record = json.loads((project / RECORD).read_text())
    nested = next(path for path in record["files"] if "/" in path)
    top = nested.partition("/")[0]
    elsewhere = project.parent / "elsewhere"
    (project / top).rename(elsewhere)
    (project / top).symlink_to(elsewhere, target_is_directory=True)
    pretend_older(project, nested, "# old\n")
    assert cli("update", project).code == 1
    assert cli("new", "desk", "--force").code == 1
    assert (elsewhere / nested.partition("/")[2]).read_text() == "# old\n"
