"""Backends, which store banks: the embedded SQLite engine and the Hindsight server."""
