"""The Redis client of one app: short timeouts and no second try, since presence is worth no waiting."""

from __future__ import annotations

import re

from fakeredis import FakeRedis, FakeServer
from flask import Flask
from flask_redis import FlaskRedis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.settings import SettingError

TIMEOUT_SECONDS = 0.2


def redis_client(app: Flask, *, embedded: bool) -> FlaskRedis:
    """Return a client of the app's own; it opens no connection yet.

    embedded: a Redis inside this process instead of the server that REDIS_URL names.
    SettingError: no usable address.
    """
    if embedded:
        client = FlaskRedis.from_custom_provider(FakeRedis, server=FakeServer())
        client.init_app(app)
        return client
    address = app.config.get("REDIS_URL")
    if not isinstance(address, str) or not address:
        raise SettingError("FLASK_REDIS_URL is not set: name a Redis, such as redis://127.0.0.1:6379/0")
    if not re.fullmatch(r"unix://.*|[a-z]+://[^/]*(/[0-9]*)?(\?.*)?", address):  # /x would mean database 0
        raise SettingError("FLASK_REDIS_URL names no database by number: write redis://127.0.0.1:6379/0")
    client = FlaskRedis(
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.init_app(app)
    except ValueError as error:
        raise SettingError(f"FLASK_REDIS_URL names no usable Redis: {error}") from error
    return client
