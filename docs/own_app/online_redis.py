"""Who is online, remembered in Redis: presence.py, and step 3's tracker.py."""

from __future__ import annotations

import presence
from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from tracker import RedisTracker


def init_online(app: Flask) -> None:
    """Give the app its tracker; call this where the app is made, once REDIS_URL is set."""
    client = Redis.from_url(
        app.config["REDIS_URL"],
        socket_timeout=0.2,  # seconds; an option in REDIS_URL outranks it
        socket_connect_timeout=0.2,
        retry=Retry(NoBackoff(), 0),
        max_connections=10_000,  # no thread is refused a connection
    )
    # the prefix sets your key apart from others on the same Redis; ids that are text want parse_id=str
    presence.init_app(app, RedisTracker(client, prefix="my-app"))
