"""Who is online, remembered in this process: presence.py, and step 1's tracker.py."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from .presence import PresenceUnknown, get_online, init_app, last_seen, mark_offline, online_users, record
from .tracker import Clock, DictTracker

__all__ = [
    "PresenceUnknown", "get_online", "init_online", "last_seen", "mark_offline", "online_users", "record",
]  # fmt: skip


def init_online(
    app: Flask,
    *,
    window: timedelta = timedelta(minutes=5),
    keep: timedelta | None = None,
    clock: Clock | None = None,
) -> None:
    """Give the app its tracker; call this where the app is made.

    window: how long after a request a user counts as online, unless another window is asked for.
    keep: the longest window that you will ask for; the one above unless given.
    clock: returns seconds since the epoch, for a test that moves the time.
    """
    init_app(app, DictTracker(window=window, keep=keep, clock=clock))
