"""The write guard: what a member may not put into a memory."""

from hindsight_teams.guard.chain import Guard, default_checks
from hindsight_teams.guard.limits import Oversize, TooManyWrites, check_secrets
from hindsight_teams.guard.orders import check_instructions
from hindsight_teams.guard.verdict import ACTIONS, Action, Check, Verdict, WriteAttempt

__all__ = [
    "ACTIONS",
    "Action",
    "Check",
    "Guard",
    "Oversize",
    "TooManyWrites",
    "Verdict",
    "WriteAttempt",
    "check_instructions",
    "check_secrets",
    "default_checks",
]
