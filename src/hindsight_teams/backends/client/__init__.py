"""A client of another package as a backend."""

from hindsight_teams.backends.client.adapter import ClientBackend

__all__ = ["ClientBackend"]
