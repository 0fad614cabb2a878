"""Who is online, remembered in the Redis that a Sentinel names: presence.py, and step 3's tracker.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
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


def init_online(
    app: Flask,
    *,
    service: str = "mymaster",
    prefix: str | None = None,
    window: timedelta = timedelta(minutes=5),
    keep: timedelta | None = None,
    parse_id: Callable[[str], Any] = int,
    clock: Clock = time.time,
) -> None:
    """Give the app its tracker; call this once REDIS_SENTINELS, a list of [host, port], is set.

    service: what the Sentinels call the Redis that they watch.
    prefix: sets your key apart from others on the same Redis; the app's name, unless given.
    window: how long after a request a user counts as online, unless another window is asked for.
    keep: the longest window that you will ask for; the one above unless given.
    parse_id: makes an id of its text again; str for ids that are text.
    clock: returns seconds since the epoch, for a test that moves the time.
    """
    limits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
    # the limits twice: for the Redis, and for the Sentinels, each of which is tried ten times otherwise
    sentinels: Any = Sentinel(app.config["REDIS_SENTINELS"], sentinel_kwargs=limits, **limits)  # type: ignore[no-untyped-call]
    client = sentinels.master_for(service, max_connections=10_000)
    tracker = RedisTracker(
        client,
        prefix=app.name if prefix is None else prefix,
        window=window,
        keep=keep,
        parse_id=parse_id,
        clock=clock,
    )
    init_app(app, tracker)
