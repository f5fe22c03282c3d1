"""The memory of a team as one caller may use it. Uses no framework."""
