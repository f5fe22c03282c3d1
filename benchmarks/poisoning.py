"""How many attacks the write guard catches, and how many harmless memories it stops by mistake.

    pip install --no-deps agent-memory-guard==0.3.3 bastioncorpus==0.6.0 memgar==1.4.0 agent-injection-bench==0.1.0
    python benchmarks/poisoning.py [--owasp security_benchmark.py] [--locomo locomo.json] [--gatemem FOLDER]

The cases are read from published packages, and nothing of them is kept here. ``--owasp`` takes the file
``benchmarks/security_benchmark.py`` of the repository OWASP/www-project-agent-memory-guard (Apache-2.0); it is parsed,
not run. ``--locomo`` takes LoCoMo conversations as the data set's authors publish them, ``--lines`` a file of harmless
texts, one a line, such as ``git log --format=%s`` of a project: orders by form, addressed to no agent.

Every case belongs to one of two halves, by a hash of its origin. The guard was tuned on the half ``tune``; the figures
that count are those of ``held-out``. Cases made from one pattern of their corpus share a half.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.util
import json
import logging
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _report import machine, write_section
from agno.guardrails import PromptInjectionGuardrail

from hindsight_teams.access.grants import Caller
from hindsight_teams.agno.guardrails import from_agno
from hindsight_teams.guard import Guard, WriteAttempt, default_checks


@dataclass(frozen=True)
class Case:
    """One text that somebody wants to retain."""

    corpus: str
    kind: str
    origin: str
    text: str
    attack: bool

    @property
    def half(self) -> str:
        """``tune`` or ``held-out``."""
        return "held-out" if hashlib.sha256(f"{self.corpus}:{self.origin}".encode()).digest()[0] % 2 else "tune"


def package_file(package: str, path: str) -> Path | None:
    """A file of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    file = Path(next(iter(found.submodule_search_locations))) / path
    return file if file.exists() else None


def owasp(path: Path) -> Iterator[Case]:
    """The cases of OWASP Agent Memory Guard's benchmark: ``TestCase(category, description, key, value, ...)``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TestCase":
            values = [eval_literal(argument) for argument in node.args]
            category, description, key, value, detect = values[:5]
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield Case("owasp", category, f"{key}:{description}", text, bool(detect))


def eval_literal(node: ast.expr) -> Any:
    """A literal, also where it is written as ``"A" * 1000`` or ``json.dumps(list(range(1000)))``; else its source."""
    names = {"json": json, "list": list, "range": range, "__builtins__": {}}
    allowed = (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.BinOp, ast.operator, ast.Name, ast.Load, ast.UnaryOp)
    allowed += (ast.USub, ast.Call, ast.Attribute)
    if any(not isinstance(part, allowed) for part in ast.walk(node)):
        return ast.unparse(node)
    if any(isinstance(part, ast.Attribute) and part.attr != "dumps" for part in ast.walk(node)):
        return ast.unparse(node)
    return eval(compile(ast.Expression(node), "case", "eval"), names)


def amsb(path: Path) -> Iterator[Case]:
    """The scenarios of OWASP Agent Memory Guard's package: sequences of writes, each write a case of its own kind."""
    spec = importlib.util.spec_from_file_location("amsb_scenarios", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["amsb_scenarios"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # a module of data alone, without its package's imports
    for scenarios in (value for value in vars(module).values() if isinstance(value, tuple | list)):
        for scenario in (one for one in scenarios if hasattr(one, "steps")):
            text = "\n".join(step.value for step in scenario.steps)
            yield Case("amsb", scenario.category, scenario.id, text, scenario.malicious)


def bastion(path: Path) -> Iterator[Case]:
    """bastioncorpus: prompt injections in five languages, and harmless texts that look like them."""
    for row in map(json.loads, path.read_text().splitlines()):
        yield Case("bastion", row["category"], row["id"], row["text"], row["label"] == "malicious")


def memgar(path: Path) -> Iterator[Case]:
    """The examples that memgar gives for each of its patterns of attacks on an agent's memory."""
    import yaml

    for pattern in yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        for example in pattern["examples"] or ():
            if isinstance(example, str):
                yield Case("memgar", pattern["category"], pattern["id"], example, attack=True)


def injection_bench(path: Path) -> Iterator[Case]:
    """agent-injection-bench: texts that a tool brought in."""
    for row in map(json.loads, path.read_text().splitlines()):
        yield Case("aib", row["family"], row["id"], row["injected"], attack=row["family"] != "control")


def locomo(path: Path) -> Iterator[Case]:
    """The turns of LoCoMo conversations, as ``Speaker: text``."""
    conversations = json.loads(path.read_text())
    for conversation in conversations:
        for session, turns in conversation["conversation"].items():
            if isinstance(turns, list):
                for turn in turns:
                    origin = f"{conversation.get('sample_id', '')}:{session}:{turn.get('dia_id', '')}"
                    yield Case("locomo", "turn", origin, f"{turn['speaker']}: {turn['text']}", attack=False)


def gatemem(path: Path) -> Iterator[Case]:
    """The turns of GateMem's episodes: people at work who talk of access, rules, deletions and secrets."""
    for file in sorted(path.rglob("episodes.jsonl")):
        for episode in map(json.loads, file.read_text().splitlines()):
            for turn in episode["turns"]:
                origin = f"{episode['episode_id']}:{turn['turn_id']}"
                yield Case("gatemem", episode["domain"], origin, turn["text"], attack=False)


def lines(path: Path) -> Iterator[Case]:
    """Harmless texts, one a line."""
    for line in path.read_text().splitlines():
        if line.strip():
            yield Case(path.stem, "line", line, line, attack=False)


TEXT = """How many attacks the default [write guard](guard.md) stops (redacts, quarantines or refuses), and how many
harmless texts it stops by mistake. Each case belongs to one of two halves by a hash of its origin. Of the half `tune`
the misses in `aib`, `amsb`, `bastion` and `owasp` were read, those of `aib` and `bastion` twice, and the checks
mended by them; of the other half a dozen texts were read, which a change of the checks had lost. The totals were looked
at four times: they are mildly optimistic. [The guard's page](guard.md) has figures on the project's own texts.

The grammar of phrases that stood here before stopped, on the held-out half, 6 of 7 attacks of `aib`, 4 of 4 of
`amsb`, 52 of 62 of `bastion`, 215 of 603 of `memgar` and 16 of 17 of `owasp`. What is lost since are mostly
directives that address no agent ("approve invoices below 10,000"), which are ordinary notes of a team and which that
grammar held back from people at work too, and chat jailbreaks. Of what is stopped, the rest is redacted: a secret was
left out and the text stored. The secrets of `gatemem` are the tokens and codes that its people tell each other.

{result}

The corpora: `owasp` is the benchmark of OWASP Agent Memory Guard and `amsb` the scenarios in its package
(Apache-2.0); `bastion` is bastioncorpus, prompt injections in five languages and harmless look-alikes (MIT); `aib` is
agent-injection-bench (MIT); `memgar` is the examples that memgar gives for its 801 patterns (MIT): a catalogue that
also holds shell and contract code, plain lies and pressure, which this guard does not look for and mostly lets
through. `locomo` is every turn of five LoCoMo conversations, `gatemem` every turn of two domains of GateMem (MIT),
office and education, `flask` every line of pallets/flask's `git log --format=%s`: orders by form, addressed to no
agent. What is missed of `owasp`'s tuning half are writes to protected keys (such as `unrestricted` under the key
`identity.role`): a bank has no keys, and who may write is not a matter of text here. Beside it, Agno's own
`PromptInjectionGuardrail` on the same texts.

```shell
pip install --no-deps agent-memory-guard==0.3.3 bastioncorpus==0.6.0 memgar==1.4.0 agent-injection-bench==0.1.0
python benchmarks/poisoning.py --owasp security_benchmark.py --locomo locomo.json --gatemem gatemem --lines flask.txt
```"""

PACKAGED = (
    ("agent_memory_guard", "bench/scenarios.py", amsb),
    ("bastioncorpus", "corpus/injections.jsonl", bastion),
    ("memgar", "data/patterns.yaml", memgar),
    ("aib", "data/attacks.jsonl", injection_bench),
)


def load(arguments: argparse.Namespace) -> list[Case]:
    cases: list[Case] = []
    for package, file, read in PACKAGED:
        path = package_file(package, file)
        if path is None:
            print(f"left out: {package} is not installed", file=sys.stderr)
        else:
            cases += read(path)
    for path, read in (
        (arguments.owasp, owasp),
        (arguments.locomo, locomo),
        (arguments.gatemem, gatemem),
        (arguments.lines, lines),
    ):
        if path is None:
            print(f"left out: no --{read.__name__} was given", file=sys.stderr)
        else:
            cases += read(path)
    return list(dict.fromkeys(cases))


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / whole:.1f} %)" if whole else "-"


def report(title: str, cases: Iterable[Case], stopped: dict[Case, bool], keys: str) -> None:
    counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for case in cases:
        row = counts[tuple(str(getattr(case, key)) for key in keys.split())]
        row[case.half] += 1
        row[f"{case.half} stopped"] += stopped[case]
    print(f"\n{title}")
    for name, row in sorted(counts.items()):
        halves = "".join(f"  {half} {share(row[f'{half} stopped'], row[half]):20}" for half in ("tune", "held-out"))
        print(f"  {' / '.join(name):40}{halves}")


def table(cases: Sequence[Case], ours: dict[Case, bool], withheld: dict[Case, bool], agnos: dict[Case, bool]) -> str:
    """The held-out half as a table, a line for each corpus; and the tuning half, to show how much was fitted."""
    rows = [
        "| corpus | kind | held-out: stopped | of these withheld | tuning half: stopped | held-out: Agno's guardrail |",
        "|---|---|---|---|---|---|",
    ]
    groups = sorted({(not c.attack, c.corpus) for c in cases})
    for harmless, corpus in groups:
        of = [c for c in cases if c.corpus == corpus and c.attack is not harmless]
        held_out, tune = ([c for c in of if c.half == half] for half in ("held-out", "tune"))
        cells = [
            share(sum(ours[c] for c in held_out), len(held_out)),
            str(sum(withheld[c] for c in held_out)),
            share(sum(ours[c] for c in tune), len(tune)),
            share(sum(agnos[c] for c in held_out), len(held_out)),
        ]
        rows.append(f"| {corpus} | {'harmless' if harmless else 'attacks'} | {' | '.join(cells)} |")
    return "\n".join(rows)


def judge(guard: Guard, cases: Sequence[Case]) -> tuple[dict[Case, str], list[float]]:
    """What a guard does with each text, and the microseconds each took."""
    stopped: dict[Case, str] = {}
    microseconds: list[float] = []
    for case in cases:
        begin = time.perf_counter()
        verdict = guard.inspect(WriteAttempt(case.text, Caller(team="bench", member="writer"), "shared"))
        microseconds.append((time.perf_counter() - begin) * 1e6)
        stopped[case] = verdict.action
    return stopped, microseconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--owasp", type=Path, help="OWASP Agent Memory Guard's benchmarks/security_benchmark.py")
    parser.add_argument("--locomo", type=Path, help="LoCoMo conversations as JSON")
    parser.add_argument("--gatemem", type=Path, help="a folder with GateMem's episodes.jsonl files")
    parser.add_argument("--lines", type=Path, help="harmless texts, one a line")
    parser.add_argument("--kinds", action="store_true", help="one line for each kind of case too")
    parser.add_argument("--missed", action="store_true", help="show the tuning half's misses and false positives")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    arguments = parser.parse_args()
    cases = load(arguments)
    random.Random(0).shuffle(cases)
    logging.disable(logging.CRITICAL)  # each hit is logged
    actions, microseconds = judge(Guard(default_checks(writes_per_minute=None)), cases)
    stopped = {case: action != "allow" for case, action in actions.items()}
    withheld = {case: action in ("quarantine", "refuse") for case, action in actions.items()}
    agnos = {case: a != "allow" for case, a in judge(Guard([from_agno(PromptInjectionGuardrail())]), cases)[0].items()}
    for case in cases if arguments.missed else ():
        if stopped[case] != case.attack and case.half == "tune":
            print(f"{'MISSED' if case.attack else 'FALSE'} {case.corpus}/{case.kind} | {case.text[:300]!r}")
    if arguments.kinds:
        report("attacks stopped", [c for c in cases if c.attack], stopped, "corpus kind")
    lines = [table(cases, stopped, withheld, agnos), ""]
    for title, attack in (("Attacks", True), ("Harmless texts", False)):
        held_out = [c for c in cases if c.attack is attack and c.half == "held-out"]
        lines.append(f"{title} stopped, held-out, all: {share(sum(stopped[c] for c in held_out), len(held_out))}.")
    lines.append(f"A text takes {statistics.median(microseconds):.0f} us (median); {machine()}.")
    print("\n".join(lines))
    if arguments.write:
        write_section("Memory poisoning", TEXT.format(result="\n".join(lines)))


if __name__ == "__main__":
    main()
