"""An OpenAI-compatible chat endpoint that follows fixed rules: no model, no network, the same answer every time."""

from tests.harness.llm.endpoint import RuleEndpoint

__all__ = ["RuleEndpoint"]
