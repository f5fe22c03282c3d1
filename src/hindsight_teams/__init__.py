"""Shared long-term memory for Agno Teams."""
