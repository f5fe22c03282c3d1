"""What is asked of a backend: one request object a verb, and the checks that each value passes once."""
