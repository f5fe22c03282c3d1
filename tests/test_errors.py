"""Errors cross processes and are copied, as pools, task queues and test runners do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from hindsight_teams import errors
from hindsight_teams.errors import HindsightTeamsError
from hindsight_teams.testing.scripted import ScriptExhausted

KINDS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HindsightTeamsError)]


def pickled(error: HindsightTeamsError) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("kind", [*KINDS, ScriptExhausted], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy])
def test_an_error_stays_itself_when_it_is_pickled_or_copied(
    kind: type[HindsightTeamsError], again: Callable[[HindsightTeamsError], HindsightTeamsError]
) -> None:
    error = kind("the bank 'x' is closed", field="bank", seconds=3)
    error.add_note("asked by ada")
    other = again(error)
    assert type(other) is kind
    assert str(other) == other.message == str(error) == "the bank 'x' is closed"
    assert (other.args, other.details, other.__notes__) == (error.args, error.details, ["asked by ada"])
    assert repr(other) == repr(error)
