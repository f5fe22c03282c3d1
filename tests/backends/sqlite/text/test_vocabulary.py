from __future__ import annotations

import pytest

from hindsight_teams import SQLiteBackend


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Emil died in May.", "What do we know about deaths?"),
        ("Ada sold the van.", "To whom went the sale?"),
        ("The pool is two metres deep.", "What is its depth?"),
        ("Omar chose teal.", "What was the choice?"),
        ("Solveig rewrote the parser.", "What did somebody rewrite?"),
        ("Ada lives in Oslo.", "Where does Ada live?"),
        ("The train leaves at nine.", "When does the train leave?"),
    ],
)
def test_words_are_found_by_their_base(backend: SQLiteBackend, stored: str, asked: str) -> None:
    for text in ("Ada likes tea.", "The train is red.", stored, "Ada met Bob.", "The train was late."):
        backend.retain("x", text)
    assert backend.recall("x", asked).results[0].text == stored
