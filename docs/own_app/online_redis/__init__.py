"""Who is online, remembered in Redis: presence.py, and step 3's tracker.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .presence import PresenceUnknown, get_online, init_app, last_seen, mark_offline, online_users, record
from .tracker import Clock, RedisTracker

__all__ = [
    "PresenceUnknown", "get_online", "init_online", "last_seen", "mark_offline", "online_users", "record",
]  # fmt: skip


def init_online(
    app: Flask,
    *,
    client: Any = None,
    prefix: str | None = None,
    window: timedelta = timedelta(minutes=5),
    keep: timedelta | None = None,
    parse_id: Callable[[str], Any] = int,
    clock: Clock = time.time,
) -> None:
    """Give the app its tracker; call this where the app is made.

    client: a Redis client that you have; without one, one is made for the address in REDIS_URL.
    prefix: sets your key apart from others on the same Redis; the app's name, unless given.
    window: how long after a request a user counts as online, unless another window is asked for.
    keep: the longest window that you will ask for; the one above unless given.
    parse_id: makes an id of its text again; str for ids that are text.
    clock: returns seconds since the epoch, for a test that moves the time.
    """
    tracker = RedisTracker(
        client_for(app) if client is None else client,
        prefix=app.name if prefix is None else prefix,
        window=window,
        keep=keep,
        parse_id=parse_id,
        clock=clock,
    )
    init_app(app, tracker)


def client_for(app: Flask) -> Any:
    """Return a client for the address in REDIS_URL. RuntimeError: there is none."""
    if not app.config.get("REDIS_URL"):
        raise RuntimeError(
            "REDIS_URL is not set: put it into app.config before init_online(), or give client=."
        )
    return Redis.from_url(
        app.config["REDIS_URL"],
        socket_timeout=0.2,  # seconds; an option in REDIS_URL outranks it
        socket_connect_timeout=0.2,
        retry=Retry(NoBackoff(), 0),
        max_connections=10_000,  # no thread is refused a connection
    )
