"""Recall: one strategy a file, fused into one ranking."""
