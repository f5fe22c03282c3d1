"""``hindsight-teams mcp``: one member's memory tools as a server of the Model Context Protocol.

``command`` starts it, ``server`` offers the tools, ``keys`` asks for the member's key where it is reached over HTTP.
"""
