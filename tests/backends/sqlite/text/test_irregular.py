from __future__ import annotations

import pytest

from hindsight_teams import SQLiteBackend


@pytest.mark.parametrize(
    ("stored", "asked"),
    [("Ada lives in Oslo.", "Where does Ada live?"), ("The train leaves at nine.", "When does the train leave?")],
)
def test_verbs_that_look_like_plurals_are_found_by_their_base(backend: SQLiteBackend, stored: str, asked: str) -> None:
    for text in ("Ada likes tea.", "The train is red.", stored, "Ada met Bob.", "The train was late."):
        backend.retain("x", text)
    assert backend.recall("x", asked).results[0].text == stored
