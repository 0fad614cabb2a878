"""Who is online, in a SQLite file, without SQLAlchemy: presence.py, and step 2's sqlite3_tracker.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from .presence import PresenceUnknown, get_online, init_app, last_seen, mark_offline, online_users, record
from .tracker import Sqlite3Tracker

__all__ = [
    "PresenceUnknown", "get_online", "init_online", "last_seen", "mark_offline", "online_users", "record",
]  # fmt: skip


def init_online(
    app: Flask,
    *,
    window: timedelta = timedelta(minutes=5),
    clock: Callable[[], float] = time.time,
) -> None:
    """Give the app its tracker; call this where the app is made, once DATABASE, the path of the file, is set.

    window: how long after a request a user counts as online, unless another window is asked for.
    clock: returns seconds since the epoch, for a test that moves the time.
    """
    tracker = Sqlite3Tracker(
        app.config["DATABASE"], window=window, resolution=timedelta(seconds=30), clock=clock
    )
    init_app(app, tracker)
