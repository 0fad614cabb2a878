"""Who is online, remembered in this process: presence.py, and step 1's tracker.py."""

from __future__ import annotations

import presence
from flask import Flask
from tracker import DictTracker


def init_online(app: Flask) -> None:
    """Give the app its tracker; call this where the app is made."""
    presence.init_app(app, DictTracker())
