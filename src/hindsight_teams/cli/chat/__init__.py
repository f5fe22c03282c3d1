"""``hindsight-teams chat``: talk with a team in the terminal and see its calls of memory.

``command`` starts it, ``partners`` finds whom to talk with, ``turns`` follows one exchange, ``talk`` is the loop.
"""
