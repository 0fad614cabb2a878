"""Who is online, remembered in the Redis that a Sentinel names: presence.py, and step 3's tracker.py."""

from __future__ import annotations

from typing import Any

import presence
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel
from tracker import RedisTracker


def init_online(app: Flask) -> None:
    """Give the app its tracker; call this once REDIS_SENTINELS, a list of [host, port], is set."""
    limits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
    # the limits twice: for the Redis, and for the Sentinels, each of which is tried ten times otherwise
    sentinels: Any = Sentinel(app.config["REDIS_SENTINELS"], sentinel_kwargs=limits, **limits)  # type: ignore[no-untyped-call]
    client = sentinels.master_for("mymaster", max_connections=10_000)
    presence.init_app(app, RedisTracker(client, prefix="my-app"))
