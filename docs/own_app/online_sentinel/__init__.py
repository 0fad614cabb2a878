"""Who is online, remembered in the Redis that a Sentinel names: presence.py, and step 3's tracker.py."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from .presence import PresenceUnknown, get_online, init_app, last_seen, mark_offline, online_users, record
from .tracker import Clock, RedisTracker

__all__ = [
    "PresenceUnknown", "get_online", "init_online", "last_seen", "mark_offline", "online_users", "record",
]  # fmt: skip


def init_online(app: Flask, *, service: str = "mymaster", clock: Clock = time.time) -> None:
    """Give the app its tracker; call this once REDIS_SENTINELS, a list of [host, port], is set.

    service: what the Sentinels call the Redis that they watch.
    """
    limits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
    # the limits twice: for the Redis, and for the Sentinels, each of which is tried ten times otherwise
    sentinels: Any = Sentinel(app.config["REDIS_SENTINELS"], sentinel_kwargs=limits, **limits)  # type: ignore[no-untyped-call]
    client = sentinels.master_for(service, max_connections=10_000)
    init_app(app, RedisTracker(client, prefix=app.name, clock=clock))
