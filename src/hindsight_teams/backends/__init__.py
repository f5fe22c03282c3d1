"""Where banks live: the embedded SQLite engine and the Hindsight server."""
