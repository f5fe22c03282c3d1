"""Evidence panel: collectors write and read nothing, judges reflect and list nothing, a chair records the verdict."""

from hindsight_recipes.evidence_panel.team import shared_memory, team

__all__ = ["shared_memory", "team"]
