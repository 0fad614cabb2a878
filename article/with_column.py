"""The article's way with a column, retold with its defects, for the tests and the measurements.

Not for use: nearly every line here is wrong in a way that a test beside it names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL


class ArticleColumn:
    """The article's model and its two functions, with a database and a clock of each test's own."""

    window = timedelta(5)  # database-1: days

    def __init__(self, url: URL | str, clock: Callable[[], float] = time.time, **engine_options: Any) -> None:
        self.now = now = lambda: datetime.fromtimestamp(clock(), UTC)
        self.app = Flask("article")
        self.app.config["SQLALCHEMY_DATABASE_URI"] = url
        self.app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options
        self.db = db = SQLAlchemy(self.app)

        def utcnow() -> datetime:
            """Answer as datetime.utcnow() does, which newer Pythons warn of (database-7)."""
            return now().replace(tzinfo=None)

        class User(db.Model):  # type: ignore[name-defined, misc]
            """Somebody who can sign in."""

            __tablename__ = "user"  # database-8: the name of a function of PostgreSQL

            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(80))
            # database-2: seen on creation; database-3: no time zone, naive here; database-4: no index
            lastseen = db.Column(db.DateTime, default=utcnow, nullable=True)

            def save(self) -> None:
                """Write what has changed, and whatever else the session holds."""
                db.session.add(self)
                db.session.commit()

        self.User = User

    def mark_online(self, user: Any) -> None:
        """Change the loaded user, and commit the request's session (database-5)."""
        user.lastseen = self.now()  # database-3: aware here
        user.save()

    def get_online(self) -> int:
        """Count by looking at every row."""
        since = self.now() - self.window
        found: int = self.User.query.filter(self.User.lastseen >= since).count()
        return found
