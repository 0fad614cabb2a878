"""The Redis client of one app: short timeouts and no second try, since presence is worth no waiting."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask_redis import FlaskRedis
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.settings import SettingError
from step3_redis.sharded import LazyCluster

TIMEOUT_SECONDS = 0.2  # for a connection, and for each answer
MANY_CONNECTIONS = 10_000  # no thread is refused a connection
CLUSTER_OPTIONS = {
    "max_connections": MANY_CONNECTIONS,
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "socket_keepalive": True,
    "retry": Retry(NoBackoff(), 0),
}
ADDRESS = r"unix://.+|[a-z]+://[^/]*(/[0-9]*)?(\?.*)?"  # a database is a number: redis-py takes /x for 0
CLUSTER_ADDRESS = r"rediss?://[^/?]+(/0?)?"  # without options, which would outrank the timeouts


def redis_client(app: Flask, *, embedded: bool) -> Any:
    """Return a client of the app's own; it opens no connection yet.

    embedded: a Redis inside this process instead of the server that REDIS_URL names.
    SettingError: no usable address.
    """
    if embedded:
        from fakeredis import FakeRedis, FakeServer  # noqa: PLC0415  # a deployment does without it

        return FakeRedis(server=FakeServer())
    address = app.config["REDIS_URL"]
    if not address:
        raise SettingError("FLASK_REDIS_URL is not set: name a Redis, such as redis://127.0.0.1:6379/0")
    is_cluster = app.config["REDIS_CLUSTER"]
    if is_cluster:
        client = FlaskRedis.from_custom_provider(LazyCluster, **CLUSTER_OPTIONS)
    else:
        client = FlaskRedis(max_connections=MANY_CONNECTIONS)
    try:
        if not re.fullmatch(CLUSTER_ADDRESS if is_cluster else ADDRESS, address):
            raise ValueError
        client.init_app(app)
        if not is_cluster:
            _bound_waits(client.connection_pool)
    except (AttributeError, LookupError, RedisError, TypeError, ValueError) as error:
        example = (
            "redis://host:6379 without options" if is_cluster else "redis://host:6379/0, with valid options"
        )
        # without the error's text, which may hold a part of the password
        raise SettingError(
            f"FLASK_REDIS_URL names no usable Redis ({type(error).__name__}): percent-encode the password, "
            f"and write {example}"
        ) from None
    return client


def _bound_waits(pool: Any) -> None:
    """Let no option of the address outrank the timeouts, and find out now what else in it is unusable."""
    pool.connection_kwargs.update(socket_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0))
    if "path" not in pool.connection_kwargs:  # a Unix socket is there or not
        pool.connection_kwargs.update(socket_connect_timeout=TIMEOUT_SECONDS, socket_keepalive=True)
    # kept nowhere: these raise what the first command would
    pool.connection_class(**pool.connection_kwargs)
    pool.get_encoder().encode("text")
    pool.connection_kwargs.get("host", "").encode("idna")
