"""The tests that docs/testing-with-a-server.md shows are run as they stand there."""

from __future__ import annotations

from typing import Any

from pytest_examples import find_examples

from tests.conftest import ServerFactory
from tests.harness import Server
from tests.harness.stack import PROJECT


def test_the_tests_of_the_page_pass(hindsight_server: Server, hindsight_server_with: ServerFactory) -> None:
    shown: dict[str, Any] = {}
    for example in find_examples(PROJECT / "docs" / "testing-with-a-server.md"):
        if "python" in example.prefix_tags():
            exec(example.source, shown)
    shown["test_a_memory_comes_back"](hindsight_server)
    shown["test_a_key_is_asked_for"](hindsight_server_with)
