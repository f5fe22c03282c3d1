"""Project rooms: nested teams that share one bank for each project, and a workflow that reads the same bank."""

from hindsight_recipes.project_room.team import briefing, shared_memory, team

__all__ = ["briefing", "shared_memory", "team"]
