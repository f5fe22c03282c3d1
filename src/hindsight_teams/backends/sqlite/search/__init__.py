"""Recall: one retrieval strategy in each file, fused into one ranking."""
