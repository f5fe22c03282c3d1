"""The same scenarios on the embedded file and on a real Hindsight server."""
