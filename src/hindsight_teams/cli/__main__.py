"""``python -m hindsight_teams.cli``: the same as the ``hindsight-teams`` script."""

from hindsight_teams.cli.main import main

main()
