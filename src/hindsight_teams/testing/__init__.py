"""Test doubles and the backend conformance suite, for this project's tests and yours."""
