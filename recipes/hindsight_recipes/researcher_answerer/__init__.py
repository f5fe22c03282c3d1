"""Researcher and answerer: one writes what it reads into a shared bank, the other answers from that bank alone."""

from hindsight_recipes.researcher_answerer.team import shared_memory, team

__all__ = ["shared_memory", "team"]
