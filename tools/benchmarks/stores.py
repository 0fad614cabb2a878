"""The databases and the Redis that are measured: those the tests know, or started for it, or left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from redis import Redis
from sqlalchemy import URL, make_url

from tests.helpers.databases import new_database
from tests.helpers.postgresql_server import postgresql_server
from tests.helpers.redis_cluster import Cluster, redis_cluster
from tests.helpers.redis_server import NO_PERSISTENCE, redis_server
from tools.benchmarks.measure import Bench

Lent = TypeVar("Lent")
SOCKET = "redis.sock"  # in the folder of a Redis that is lent


def _lend(bench: Bench, what: str, stack: ExitStack, server: AbstractContextManager[Lent]) -> Lent | None:
    """Start what the tests use; where a test would be skipped, leave it out and return None."""
    try:
        return stack.enter_context(server)
    except pytest.skip.Exception as reason:
        bench.leave_out(what, reason)
        return None


@contextmanager
def database(bench: Bench, backend: str, folder: Path) -> Iterator[URL | None]:
    """Lend an empty database; None where there is no server, unless REQUIRE_SERVERS=1."""
    with ExitStack() as stack:
        if backend == "postgresql" and not os.environ.get("TEST_POSTGRESQL_URL"):
            server = _lend(bench, backend, stack, postgresql_server())
            yield make_url(server.url) if server else None
        else:
            yield _lend(bench, backend, stack, new_database(backend, folder))


@contextmanager
def redis(bench: Bench, folder: Path) -> Iterator[Redis | None]:
    """Lend an empty Redis of our own, which has a Unix socket too.

    None without the program, unless REQUIRE_SERVERS=1.
    """
    with ExitStack() as stack:
        options = (*NO_PERSISTENCE, "--unixsocket", str(folder / SOCKET))
        server = _lend(bench, "redis", stack, redis_server(folder, *options))
        yield stack.enter_context(Redis.from_url(server.url, socket_timeout=60)) if server else None


@contextmanager
def cluster(bench: Bench, folder: Path, nodes: int) -> Iterator[Cluster | None]:
    """Lend an empty Redis Cluster of our own; None without the program, unless REQUIRE_SERVERS=1."""
    with ExitStack() as stack:
        yield _lend(bench, "cluster", stack, redis_cluster(folder, nodes=nodes))
