"""Support desk: a product bank that only the editor writes, and a bank for each customer that no other sees."""

from hindsight_recipes.support_desk.team import shared_memory, team

__all__ = ["shared_memory", "team"]
