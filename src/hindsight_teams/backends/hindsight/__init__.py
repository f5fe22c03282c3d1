"""The HTTP engine: banks on a Hindsight server, self-hosted or Cloud."""

from hindsight_teams.backends.hindsight.connection import Timeouts
from hindsight_teams.backends.hindsight.engine import HindsightBackend
from hindsight_teams.backends.hindsight.retry import RetryPolicy
from hindsight_teams.models import Document

__all__ = ["Document", "HindsightBackend", "RetryPolicy", "Timeouts"]
