"""The databases and the Redis that are measured: those the tests know, or started for it, or left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import URL, make_url

from tests.helpers.databases import SERVERS, new_database
from tests.helpers.postgresql_server import postgresql_server
from tests.helpers.redis_cluster import Cluster, redis_cluster
from tests.helpers.redis_server import redis_server
from tools.benchmarks.measure import Bench


@contextmanager
def database(bench: Bench, backend: str, folder: Path) -> Iterator[URL | None]:
    """Lend an empty database; None where there is no server, unless REQUIRE_SERVERS=1."""
    with ExitStack() as stack:
        url = None
        try:
            if backend == "postgresql" and not os.environ.get(SERVERS[backend]):
                url = make_url(stack.enter_context(postgresql_server()).url)
            else:
                url = stack.enter_context(new_database(backend, folder))
        except pytest.skip.Exception as reason:
            bench.leave_out(backend, reason)
        yield url


@contextmanager
def redis(bench: Bench, folder: Path) -> Iterator[Redis | None]:
    """Lend an empty Redis of our own; None without the program, unless REQUIRE_SERVERS=1."""
    with ExitStack() as stack:
        client = None
        try:
            server = stack.enter_context(redis_server(folder))
        except pytest.skip.Exception as reason:
            bench.leave_out("redis", reason)
        else:
            client = stack.enter_context(Redis.from_url(server.url, socket_timeout=60))
        yield client


@contextmanager
def cluster(bench: Bench, folder: Path, nodes: int) -> Iterator[Cluster | None]:
    """Lend an empty Redis Cluster of our own; None without the program, unless REQUIRE_SERVERS=1."""
    with ExitStack() as stack:
        made = None
        try:
            made = stack.enter_context(redis_cluster(folder, nodes=nodes))
        except pytest.skip.Exception as reason:
            bench.leave_out("cluster", reason)
        yield made
