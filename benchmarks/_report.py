"""Put a benchmark's result into docs/benchmarks.md, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def machine() -> str:
    """The machine in words: cores, processor kind, system and Python; nothing that names it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores ({platform.machine()}), {platform.system()}, {python}"


def write_section(title: str, text: str, page: Path = PAGE) -> None:
    """Replace the section of that title, or add it at the end."""
    old = page.read_text() if page.exists() else "# Benchmarks\n"
    section = f"## {title}\n\n{text.strip()}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.M | re.S)
    if pattern.search(old):
        new = pattern.sub(lambda m: section + ("\n" if m.end() < len(old) else ""), old)
    else:
        new = f"{old.rstrip()}\n\n{section}"
    page.write_text(new)
