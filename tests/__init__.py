"""The tests; the name of each test is the expected outcome."""
