from tests.backends.hindsight.conftest import loopback

__all__ = ["loopback"]
