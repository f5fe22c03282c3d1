"""Support desk: a product bank that only the editor writes, and a private bank for each customer."""

from hindsight_recipes.support_desk.team import shared_memory, team

__all__ = ["shared_memory", "team"]
