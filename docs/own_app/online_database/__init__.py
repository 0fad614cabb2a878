"""Who is online, remembered in the users' table: presence.py, and the tracker, engine and type of step 2.

dict_tracker.py is step 1's tracker.py, for tests on a SQLite database in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import Engine

from .dict_tracker import DictTracker
from .engine import is_in_memory, presence_engine
from .presence import PresenceUnknown, get_online, init_app, last_seen, mark_offline, online_users, record
from .tracker import DatabaseTracker
from .utc_datetime import UtcDateTime

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

__all__ = [
    "PresenceUnknown", "UtcDateTime", "get_online", "init_online", "last_seen", "mark_offline",
    "online_users", "record",
]  # fmt: skip


def init_online(
    app: Flask,
    db: SQLAlchemy | Engine,
    user_model: type[Any],
    *,
    columns: tuple[str, str] = ("id", "last_seen"),
    window: timedelta = timedelta(minutes=5),
    engine_options: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.time,
) -> None:
    """Give the app its tracker; call this where the app is made, after db.init_app().

    RuntimeError: it is called before that.
    db: the SQLAlchemy object of Flask-SQLAlchemy; without Flask-SQLAlchemy, your engine.
    columns: what the two are called in your table, as keys of user_model.__table__.c.
    window: how long after a request a user counts as online, unless another window is asked for.
    engine_options: what your engine was made with; Flask-SQLAlchemy's are found in the app's settings.
    clock: returns seconds since the epoch, for a test that moves the time.
    """
    if isinstance(db, Engine):
        engine, options = db, dict[str, Any]()
    elif "sqlalchemy" not in app.extensions:
        raise RuntimeError(
            "This app has no Flask-SQLAlchemy yet: call db.init_app(app) before init_online(), "
            "or give your engine in the place of db."
        )
    else:
        with app.app_context():
            engine = db.session.get_bind(user_model).engine  # of its __bind_key__, if it has one
        options = settings_of_engine(app, user_model.metadata.info.get("bind_key"))
    if engine_options is not None:
        options = dict(engine_options)
    if is_in_memory(engine.url):
        app.logger.warning("The database is in memory: presence remembers in a dict, not in a column.")
        init_app(app, DictTracker(window=window, keep=timedelta(days=36500), clock=clock))
        return
    tracker = DatabaseTracker(
        user_model.__table__,
        columns=columns,
        writing=presence_engine(engine, options, wait_seconds=0.5, ping=False),
        reading=presence_engine(engine, options, wait_seconds=2, ping=True),
        window=window,
        resolution=timedelta(seconds=30),
        clock=clock,
    )
    init_app(app, tracker)


def settings_of_engine(app: Flask, bind_key: str | None) -> dict[str, Any]:
    """Return the options with which Flask-SQLAlchemy made the engine of a model."""
    if bind_key is None:
        return dict(app.config["SQLALCHEMY_ENGINE_OPTIONS"])
    bind = app.config["SQLALCHEMY_BINDS"][bind_key]
    return {name: bind[name] for name in bind if name != "url"} if isinstance(bind, Mapping) else {}
