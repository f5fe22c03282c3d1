"""Coverage-guided fuzzing: ``python tests/backends/sqlite/fuzz_atheris.py -max_total_time=60``; needs atheris.

Not a test of the suite: it runs until it finds something or is stopped.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hindsight_teams.backends.sqlite"]):
    from hindsight_teams.backends.sqlite import SQLiteBackend
    from hindsight_teams.errors import InvalidInput
    from hindsight_teams.models import RetainItem


def main() -> None:
    """Retain and recall what the fuzzer makes up; a typed refusal is the only error allowed."""
    with tempfile.TemporaryDirectory() as folder:
        backend = SQLiteBackend(Path(folder) / "memory.db")

        def once(data: bytes) -> None:
            source = atheris.FuzzedDataProvider(data)
            content, query, tag, key, value = (source.ConsumeUnicode(60) for _ in range(5))
            try:
                backend.retain_batch("b", [RetainItem(content, tags=[tag], metadata={key: value}, entities=[value])])
                backend.recall("b", query, tags=[tag], tags_match="any_strict")
                backend.reflect("b", query)
            except InvalidInput:
                return
            finally:
                if source.ConsumeProbability() < 0.02:
                    backend.delete_bank("b")

        atheris.Setup(sys.argv, once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
