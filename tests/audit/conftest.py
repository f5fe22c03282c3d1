from collections.abc import Iterator
from pathlib import Path

import pytest

from hindsight_teams.audit import AuditStore, open_audit


@pytest.fixture(params=[".db", ".jsonl"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "logs" / f"audit{request.param}"


@pytest.fixture
def store(path: Path) -> Iterator[AuditStore]:
    with open_audit(path) as opened:
        yield opened
