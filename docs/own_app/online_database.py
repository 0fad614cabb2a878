"""Who is online, remembered in the users' table: presence.py, and the tracker, engine and type of step 2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import presence
from engine import presence_engine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from tracker import DatabaseTracker


def init_online(app: Flask, db: SQLAlchemy, user_model: type[Any]) -> None:
    """Give the app its tracker; call this where the app is made, after db.init_app()."""
    options = app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {})
    with app.app_context():
        tracker = DatabaseTracker(
            user_model.__table__,
            writing=presence_engine(db.engine, options, wait_seconds=0.5, ping=False),
            reading=presence_engine(db.engine, options, wait_seconds=2, ping=True),
            resolution=timedelta(seconds=30),
        )
    presence.init_app(app, tracker)
