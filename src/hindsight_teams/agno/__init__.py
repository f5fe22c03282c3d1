"""Adapters for Agno."""
