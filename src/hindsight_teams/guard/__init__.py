"""The write guard: checks of everything that a member retains."""

from hindsight_teams.guard.chain import Guard, default_checks, log_hit
from hindsight_teams.guard.instructions import check_instructions
from hindsight_teams.guard.limits import Oversize, TooManyWrites
from hindsight_teams.guard.secrets import check_codes, check_secrets
from hindsight_teams.guard.structure import check_structure
from hindsight_teams.guard.verdict import ACTIONS, Action, Check, Source, Verdict, WriteAttempt

__all__ = [
    "ACTIONS",
    "Action",
    "Check",
    "Guard",
    "Oversize",
    "Source",
    "TooManyWrites",
    "Verdict",
    "WriteAttempt",
    "check_codes",
    "check_instructions",
    "check_secrets",
    "check_structure",
    "default_checks",
    "log_hit",
]
