"""Evidence panel: collectors only write, judges only reflect, and a chair records the verdict."""

from hindsight_recipes.evidence_panel.team import shared_memory, team

__all__ = ["shared_memory", "team"]
