"""``hindsight-teams update``: update a project to the templates of this version, by a three-way merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Annotated

import typer

from hindsight_teams.cli.failing import FAILED
from hindsight_teams.cli.options import Json
from hindsight_teams.cli.output import print_json, say, say_done


@dataclass(slots=True)
class Plan:
    """What an update would do, file by file."""

    write: dict[str, str] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def update(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The project.")] = Path(),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    json: Json = False,
) -> None:
    """Bring a project up to this version.

    Your changes stay: both are merged, and lines that conflict are marked as git marks them.
    """
    from hindsight_teams.cli.scaffold.answers import Answers, parse_name
    from hindsight_teams.cli.scaffold.place import RECORD, new_record, place, read_record, refuse_links
    from hindsight_teams.cli.scaffold.project_files import render

    refuse_links(folder, [RECORD])
    record = read_record(folder)
    refuse_links(folder, record.files)
    answers = Answers.from_dict(record.answers)
    theirs = render(parse_name(answers.name), answers).files
    refuse_links(folder, theirs)
    plan = make_plan(folder, record.files, theirs)
    if not dry_run and (plan.write or plan.remove or dict(theirs) != dict(record.files)):
        text = new_record(answers.to_dict(), theirs).to_text()
        place(folder, {**plan.write, RECORD: text}, remove=tuple(plan.remove))
    if json:
        print_json(
            {
                "made_with": record.made_with,
                "dry_run": dry_run,
                **{name: getattr(plan, name) for name in ("added", "updated", "merged", "conflicts", "kept")},
                "removed": plan.remove,
            }
        )
    else:
        _show(plan, dry_run=dry_run)
    if plan.conflicts:
        raise typer.Exit(FAILED)


def make_plan(folder: Path, base: Mapping[str, str], theirs: Mapping[str, str]) -> Plan:
    """Decide for each file: what was rendered then, what stands there now, and what is rendered today.

    Raises:
        InvalidInput: A file still holds the conflict markers of an earlier update.
    """
    from hindsight_teams.cli.scaffold.place import read_text
    from hindsight_teams.errors import InvalidInput

    plan = Plan()
    for path in sorted({*base, *theirs}):
        then, now, today = base.get(path), read_text(folder / path), theirs.get(path)
        if now is not None and has_conflicts(now):
            raise InvalidInput(f"{path} still holds conflict markers; resolve them before the next update")
        if now == today or then == today:
            continue
        if today is None:
            (plan.remove if now == then else plan.kept).append(path)
        elif now is None:
            if then is not None:  # it was deleted on purpose
                plan.kept.append(path)
            else:
                plan.write[path] = today
                plan.added.append(path)
        elif now == then:
            plan.write[path] = today
            plan.updated.append(path)
        else:
            merged = merge(then or "", now, today)
            plan.write[path] = merged.text
            (plan.conflicts if merged.conflicts else plan.merged).append(path)
    return plan


def _show(plan: Plan, *, dry_run: bool) -> None:
    lines = [
        ("added", "green", plan.added),
        ("updated", "green", plan.updated),
        ("merged", "green", plan.merged),
        ("removed", "yellow", plan.remove),
        ("kept as yours", "yellow", plan.kept),
        ("conflict", "red", plan.conflicts),
    ]
    if not any(paths for *_, paths in lines):
        say_done("The project is up to date.")
        return
    for what, style, paths in lines:
        for path in paths:
            say((f"{what:>13}  ", style), path)
    if plan.conflicts:
        say()
        say("Resolve the lines between <<<<<<< and >>>>>>>, then run the tests.")
    if dry_run:
        say(("Nothing was written. Leave out --dry-run to do it.", "dim"))


MINE, BETWEEN, THEIRS = "<<<<<<< yours\n", "=======\n", ">>>>>>> template\n"


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text, and how many places of it need a person."""

    text: str
    conflicts: int


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Apply to ``mine`` what changed from ``base`` to ``theirs``, line by line, with git's conflict markers.

    The classic diff3 (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007): lines of the base that both
    sides still have are stable; between two of them, a side that left the base alone gives way to the other one.
    Written here because the one maintained library for it is under the GPL, and git is not on every machine.
    """
    b, m, t = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    in_mine, in_theirs = _matches(b, m), _matches(b, t)
    stable = [(i, in_mine[i], in_theirs[i]) for i in sorted(in_mine.keys() & in_theirs.keys())]
    lines: list[str] = []
    conflicts = at_base = at_mine = at_theirs = 0
    for i, j, k in [*stable, (len(b), len(m), len(t))]:
        chunk, conflict = _resolve(b[at_base:i], m[at_mine:j], t[at_theirs:k])
        lines += chunk
        conflicts += conflict
        lines += b[i : i + 1]
        at_base, at_mine, at_theirs = i + 1, j + 1, k + 1
    return Merged("".join(lines), conflicts)


def has_conflicts(text: str) -> bool:
    """Whether a text still holds the markers of an earlier merge."""
    return any(line.startswith(MINE[:8]) for line in text.splitlines())


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}


def _resolve(base: list[str], mine: list[str], theirs: list[str]) -> tuple[list[str], bool]:
    if mine == base or mine == theirs:
        return theirs, False
    if theirs == base:
        return mine, False
    return [MINE, *_ended(mine), BETWEEN, *_ended(theirs), THEIRS], True


def _ended(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1] if lines[-1].endswith("\n") else lines[-1] + "\n"] if lines else []
