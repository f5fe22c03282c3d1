"""``hindsight-teams bank rename``: another id for a bank."""

from __future__ import annotations

from typing import Annotated

import typer

from hindsight_teams.cli.completing import complete_banks
from hindsight_teams.cli.options import Db, Json, Url, backend, insist_on, recorded
from hindsight_teams.cli.output import glyph, print_json, say
from hindsight_teams.errors import Unsupported


def rename(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="The bank's id; `bank list` shows them.", autocompletion=complete_banks)
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its id from now on.")],
    *,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Give a bank of a database file another id.

    Its memories stay as they are. A team finds its banks by their ids: a bank that gets another id is lost to the
    team, and a bank that gets one of the team's ids can be read by every member that may read there.
    """
    from hindsight_teams.requests import Capability

    with backend(db, url, must_exist=True) as memory:
        if Capability.RENAME_BANKS not in memory.capabilities:
            raise Unsupported(
                f"a Hindsight server can't rename a bank: copy it with `hindsight-teams bank copy URL URL --bank {old}"
                f" --as {new}`, for which its LLM reads each text again, then `hindsight-teams bank delete {old}`"
            )
        insist_on(memory, old)
        with recorded("rename", old, f"to {new}"):
            memory.rename_bank(old, new)
    if json:
        print_json({"old": old, "new": new})
    else:
        say((glyph("ok"), "green"), f" {old} {glyph('arrow')} {new}")
