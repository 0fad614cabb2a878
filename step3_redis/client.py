"""The Redis client of one app: short timeouts and no second try, so that no request waits for it for long."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask_redis import FlaskRedis
from redis import ConnectionPool, RedisCluster, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException
from redis.retry import Retry

from common.settings import refuse_setting

TIMEOUT_SECONDS = 0.2  # for a connection, and for each answer; what the address says outranks it
OPTIONS = {
    "max_connections": 10_000,  # no thread is refused a connection
    "socket_timeout": TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),
}
LONGEST_TIMEOUT_SECONDS = 60
# The options of an address that are for a deployer to set; redis-py has more, which only code can give.
ADDRESS_OPTIONS = {
    "client_name",
    "db",
    "decode_responses",
    "encoding",
    "health_check_interval",
    "max_connections",
    "password",
    "protocol",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_timeout",
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
    "username",
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
        _check_address(address, is_cluster=is_cluster)
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


def _check_address(address: str, *, is_cluster: bool) -> None:
    """Build a connection without opening it, so that a wrong address fails now and not with each command."""
    parts = urlsplit(address)
    # a # ? or / in the password ends the address too early, and a part of the password is taken for the host
    if parts.fragment or "@" in parts.path + parts.query:
        raise ValueError("a password that is not percent-encoded")
    unknown = parse_qs(parts.query, keep_blank_values=True).keys() - ADDRESS_OPTIONS
    if unknown:
        raise ValueError(f"unknown options: {unknown}")
    pool = ConnectionPool.from_url(address)
    connection = pool.connection_class(**pool.connection_kwargs)
    connection.encoder.encode("text")
    named = pool.connection_kwargs
    for name in ("socket_timeout", "socket_connect_timeout"):
        if not 0 < named.get(name, TIMEOUT_SECONDS) <= LONGEST_TIMEOUT_SECONDS:
            raise ValueError(f"{name} is no time that a request can wait")
    if "path" not in named:
        named.get("host", "").encode("idna")
        named.get("password", "").encode()
        if not named.get("host") or parts.port == 0:
            raise ValueError("no host, or no port")
        if ("db" not in named and parts.path.strip("/")) or parts.path.count("/") > 1:
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
        if name.startswith("__"):  # a copy is being made, which has nothing yet
            raise AttributeError(name)
        if self._cluster is None:
            cluster = self._connect()  # two threads may both connect; the cluster of the later one is kept
            nodes = cluster.nodes_manager
            nodes.initialize = OneSearch(nodes.initialize)  # type: ignore[method-assign]
            self._cluster = cluster
        return getattr(self._cluster, name)


class OneSearch:
    """Lets one thread at a time search for the nodes; those that waited for it share what it found.

    After a failure redis-py lets each thread search for itself, one after the other. With three silent nodes
    a search takes three timeouts, so that the last of 16 requests would wait for 48 of them.
    """

    def __init__(self, search: Callable[..., None]) -> None:
        self._search = search
        self._lock = RLock()  # a search may lead to another in the same thread
        self._ended = 0  # searches so far
        self._failure: Exception | None = None  # of the last one

    def __call__(self, *args: Any, **options: Any) -> None:
        """Search, or wait for the search under way. RedisClusterException: no node answered."""
        ended = self._ended
        with self._lock:
            if self._ended != ended:
                if self._failure is not None:
                    raise RedisClusterException(str(self._failure)) from self._failure
                return
            self._failure = None
            try:
                self._search(*args, **options)
            except (RedisError, RedisClusterException) as error:
                self._failure = error
                raise
            finally:
                self._ended += 1
