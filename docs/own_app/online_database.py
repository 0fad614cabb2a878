"""Who is online, remembered in the users' table: presence.py, and the tracker, engine and type of step 2.

dict_tracker.py is step 1's tracker.py, for tests on a SQLite database in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import presence
from dict_tracker import DictTracker
from engine import is_in_memory, presence_engine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from tracker import DatabaseTracker


def init_online(app: Flask, db: SQLAlchemy, user_model: type[Any]) -> None:
    """Give the app its tracker; call this where the app is made, after db.init_app()."""
    with app.app_context():
        engine = db.session.get_bind(user_model).engine  # of its __bind_key__, if it has one
    if is_in_memory(engine.url):
        app.logger.warning("The database is in memory: presence remembers in a dict, not in last_seen.")
        presence.init_app(app, DictTracker(keep=timedelta(days=36500)))
        return
    options = engine_options(app, user_model.metadata.info.get("bind_key"))
    tracker = DatabaseTracker(
        user_model.__table__,
        columns=("id", "last_seen"),  # what they are called in your table
        writing=presence_engine(engine, options, wait_seconds=0.5, ping=False),
        reading=presence_engine(engine, options, wait_seconds=2, ping=True),
        resolution=timedelta(seconds=30),
    )
    presence.init_app(app, tracker)


def engine_options(app: Flask, bind_key: str | None) -> dict[str, Any]:
    """Return the options of the engine that a model is bound to."""
    if bind_key is None:
        return dict(app.config["SQLALCHEMY_ENGINE_OPTIONS"])
    bind = app.config["SQLALCHEMY_BINDS"][bind_key]
    return {name: bind[name] for name in bind if name != "url"} if isinstance(bind, Mapping) else {}
