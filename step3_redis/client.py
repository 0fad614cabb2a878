"""The Redis client of one app: short timeouts and no second try, since presence is worth no waiting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask_redis import FlaskRedis
from redis import ConnectionPool, RedisCluster, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.settings import refuse_setting

TIMEOUT_SECONDS = 0.2  # for a connection, and for each answer; what the address says outranks it
OPTIONS = {
    "max_connections": 10_000,  # no thread is refused a connection
    "socket_timeout": TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),
}
TCP_OPTIONS = {
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "socket_keepalive": True,
}  # a Unix socket has neither


def redis_client(app: Flask, *, embedded: bool) -> Any:
    """Return a client of the app's own; it opens no connection yet.

    embedded: a Redis inside this process instead of the server that REDIS_URL names.
    SystemExit: no usable address.
    """
    if embedded:
        from fakeredis import FakeRedis, FakeServer  # noqa: PLC0415  # a deployment does without it

        return FakeRedis(server=FakeServer())
    address = app.config["REDIS_URL"]
    if not address:
        refuse_setting("FLASK_REDIS_URL is not set: name a Redis, such as redis://127.0.0.1:6379/0")
    is_cluster = app.config["REDIS_CLUSTER"]
    try:
        _try_out(address, is_cluster=is_cluster)
        if is_cluster:
            client = FlaskRedis.from_custom_provider(LazyCluster, **OPTIONS | TCP_OPTIONS)
        else:
            client = FlaskRedis(**OPTIONS if address.startswith("unix") else OPTIONS | TCP_OPTIONS)
        client.init_app(app)
    except (AttributeError, LookupError, RedisError, TypeError, ValueError) as error:
        # without the error's text, which may hold a part of the password
        refuse_setting(
            f"FLASK_REDIS_URL names no usable Redis ({type(error).__name__}): write redis://host:6379/0, "
            "and percent-encode the password in it"
        )
    return client


def _try_out(address: str, *, is_cluster: bool) -> None:
    """Do with the address what needs no server: an error that this raises, each command would raise later."""
    pool = ConnectionPool.from_url(address)
    pool.connection_class(**pool.connection_kwargs).encoder.encode("text")
    named = pool.connection_kwargs
    if "path" not in named:
        named.get("host", "").encode("idna")
        if not named.get("host"):
            raise ValueError("no host: a # or ? in the password ends the address too early")
        if "db" not in named and urlsplit(address).path.strip("/"):
            raise ValueError("a database is a number: redis-py takes any other path for 0")
    if is_cluster and ("path" in named or named.get("db")):
        raise ValueError("a cluster has no Unix socket, and no database but 0")


class LazyCluster:
    """A RedisCluster that looks for its nodes when it is first used: the app starts without them."""

    def __init__(self, connect: Callable[[], RedisCluster]) -> None:
        self._connect = connect
        self._cluster: RedisCluster | None = None

    @classmethod
    def from_url(cls, url: str, **options: Any) -> LazyCluster:
        """Return a client of the cluster of that node, as flask-redis asks a provider to."""
        return cls(partial(RedisCluster.from_url, url, **options))

    def close(self) -> None:
        """Close the connections, if there are any."""
        if self._cluster is not None:
            self._cluster.close()

    def __getattr__(self, name: str) -> Any:
        """Hand everything on. RedisClusterException: no node answers."""
        if self._cluster is None:
            self._cluster = self._connect()  # threads that are here at once connect more than once: no harm
        return getattr(self._cluster, name)
