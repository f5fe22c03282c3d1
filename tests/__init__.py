"""The tests: each name is an outcome."""
