"""A named policy gives a toolkit with exactly its tools."""

from __future__ import annotations

from typing import Any

import pytest

from hindsight_teams import SQLiteBackend
from hindsight_teams.agno import policies
from hindsight_teams.agno.policies import FULL, NONE, READ_ONLY, REFLECT_ONLY, WRITER_ONLY
from hindsight_teams.errors import InvalidInput

WRITES, READS, REFLECTS = "retain_memory", "recall_memory", "reflect_on_memory"


@pytest.mark.parametrize(
    ("make", "access", "name", "tools"),
    [
        (policies.full_access, FULL, "full", [WRITES, READS, REFLECTS]),
        (policies.writer_only, WRITER_ONLY, "writer-only", [WRITES]),
        (policies.read_only, READ_ONLY, "read-only", [READS, REFLECTS]),
        (policies.reflect_only, REFLECT_ONLY, "reflect-only", [REFLECTS]),
        (None, NONE, "none", []),
    ],
)
def test_a_policy_gives_its_tools_and_no_other(
    backend: SQLiteBackend, make: Any, access: Any, name: str, tools: list[str]
) -> None:
    made = [policies.toolkit(given, bank_id="x", client=backend, name="own") for given in (access, name)]
    made += [make(bank_id="x", client=backend, name="own")] if make else []
    assert [(list(toolkit.functions), toolkit.name) for toolkit in made] == [(tools, "own")] * len(made)


@pytest.mark.parametrize("flag", ["enable_retain", "enable_recall", "enable_reflect"])
@pytest.mark.parametrize("value", [True, False])
def test_what_a_policy_decides_can_not_be_given_beside_it(backend: SQLiteBackend, flag: str, value: bool) -> None:
    with pytest.raises(InvalidInput, match=flag):
        policies.toolkit("full", bank_id="x", client=backend, **{flag: value})  # type: ignore[arg-type]


def test_the_policies_and_their_toolkits_are_what_the_module_offers() -> None:
    named = "FULL NONE POLICIES READ_ONLY REFLECT_ONLY WRITER_ONLY".split()
    assert policies.__all__ == [*named, *"full_access read_only reflect_only toolkit writer_only".split()]
