from __future__ import annotations

import subprocess
import sys

import pytest

from hindsight_teams import testing


def test_every_exported_name_exists_and_the_list_is_sorted() -> None:
    assert all(getattr(testing, name) is not None for name in testing.__all__)
    constants = [name for name in testing.__all__ if name.isupper()]
    assert constants + sorted(n for n in testing.__all__ if n not in constants) == testing.__all__
    assert dir(testing) == sorted(testing.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'Offline'"):
        _ = testing.Offline


def test_importing_the_package_imports_neither_agno_nor_pytest() -> None:
    code = "import sys, hindsight_teams.testing; print({'agno', 'pytest'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
