"""Engineering squad: decisions that one member writes and all read, and a private notebook for each."""

from hindsight_recipes.engineering_squad.team import shared_memory, team

__all__ = ["shared_memory", "team"]
