"""Who is online, remembered in the users' table: presence.py, and the tracker, engine and type of step 2.

dict_tracker.py is step 1's tracker.py, for tests on a SQLite database in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from .dict_tracker import DictTracker
from .engine import is_in_memory, presence_engine
from .presence import PresenceUnknown, get_online, init_app, last_seen, mark_offline, online_users, record
from .tracker import DatabaseTracker
from .utc_datetime import UtcDateTime

__all__ = [
    "PresenceUnknown", "UtcDateTime", "get_online", "init_online", "last_seen", "mark_offline",
    "online_users", "record",
]  # fmt: skip


def init_online(
    app: Flask,
    db: SQLAlchemy,
    user_model: type[Any],
    *,
    columns: tuple[str, str] = ("id", "last_seen"),
    clock: Callable[[], float] = time.time,
) -> None:
    """Give the app its tracker; call this where the app is made, after db.init_app().

    columns: what the two are called in your table, as keys of user_model.__table__.c.
    clock: returns seconds since the epoch, for a test that moves the time.
    """
    with app.app_context():
        engine = db.session.get_bind(user_model).engine  # of its __bind_key__, if it has one
    if is_in_memory(engine.url):
        app.logger.warning("The database is in memory: presence remembers in a dict, not in a column.")
        init_app(app, DictTracker(keep=timedelta(days=36500), clock=clock))
        return
    options = engine_options(app, user_model.metadata.info.get("bind_key"))
    tracker = DatabaseTracker(
        user_model.__table__,
        columns=columns,
        writing=presence_engine(engine, options, wait_seconds=0.5, ping=False),
        reading=presence_engine(engine, options, wait_seconds=2, ping=True),
        resolution=timedelta(seconds=30),
        clock=clock,
    )
    init_app(app, tracker)


def engine_options(app: Flask, bind_key: str | None) -> dict[str, Any]:
    """Return the options of the engine that a model is bound to."""
    if bind_key is None:
        return dict(app.config["SQLALCHEMY_ENGINE_OPTIONS"])
    bind = app.config["SQLALCHEMY_BINDS"][bind_key]
    return {name: bind[name] for name in bind if name != "url"} if isinstance(bind, Mapping) else {}
