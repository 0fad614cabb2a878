"""The exercises use what the tests of their step do."""

from __future__ import annotations

from tests.step3_redis.conftest import backend, client, make_client, prefix, shared_server

__all__ = ["backend", "client", "make_client", "prefix", "shared_server"]
