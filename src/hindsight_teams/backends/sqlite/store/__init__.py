"""Rows and files: what is written, read back, checked and repaired."""
