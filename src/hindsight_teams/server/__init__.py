"""The Hindsight server extension that enforces the same team.toml."""
