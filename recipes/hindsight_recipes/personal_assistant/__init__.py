"""Personal assistant: a single agent with a bank for each user, memories in every run, and automatic retention."""

from hindsight_recipes.personal_assistant.team import agent, shared_memory, team

__all__ = ["agent", "shared_memory", "team"]
