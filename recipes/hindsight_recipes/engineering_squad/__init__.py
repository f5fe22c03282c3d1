"""Engineering squad: decisions written by one and read by all, and a notebook for each that nobody else reads."""

from hindsight_recipes.engineering_squad.team import shared_memory, team

__all__ = ["shared_memory", "team"]
