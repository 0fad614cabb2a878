"""The article's second way, written anew as it is: a column of the users' table says when each was seen.

It is from "Flask 统计在线人数" (2020) by keinYe, the clearest short text on the subject. We thank its
author. The slips that only an excerpt or a reprint has are not his, and are marked as such. Do not use this:
step 2 has the cures.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# database-6: an excerpt also has `import datetime`, and the later import replaces the earlier one
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL


class ArticleColumn:
    """The article's model and its two functions, with a database and a clock of each test's own."""

    # database-1: the first argument of timedelta is days, so these are five days and not five minutes
    window = timedelta(5)

    def __init__(self, url: URL | str, clock: Callable[[], float] = time.time, **engine_options: Any) -> None:
        self.now = now = lambda: datetime.fromtimestamp(clock(), UTC)
        self.app = Flask("article")
        self.app.config["SQLALCHEMY_DATABASE_URI"] = url
        self.app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options
        self.db = db = SQLAlchemy(self.app)

        # database-7: the article calls datetime.utcnow(), which is deprecated, so this does the same by hand
        def utcnow() -> datetime:
            """Return the time in UTC, without saying that it is in UTC."""
            return now().replace(tzinfo=None)

        class User(db.Model):  # type: ignore[name-defined, misc]
            """Somebody who can sign in."""

            # database-8: to PostgreSQL this is a function, so `select * from user` answers the role's name
            __tablename__ = "user"

            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(80))
            # database-2: the default is the time of creation, so a user who never came is online at once
            # database-3: the column keeps no time zone, and this default has none that it could keep
            # database-4: the column has no index, so every count reads every user
            # database-9: create_all() adds no column to a table that exists, and no migration is shown
            lastseen = db.Column(db.DateTime, default=utcnow, nullable=True)

            def save(self) -> None:
                """Write what has changed, and whatever else the session holds."""
                db.session.add(self)
                # database-10: while another process writes, SQLite refuses this, and the request fails
                db.session.commit()

        self.User = User

    def mark_online(self, user: Any) -> None:
        """Change the loaded user, and commit the request's session."""
        # database-3: here the time has a zone: SQLite drops it, and PostgreSQL turns it to its connection's
        user.lastseen = self.now()
        # database-5: this commits what the view has half done, and makes it read again all that was loaded
        user.save()

    def get_online(self) -> int:
        """Count by looking at every row."""
        since = self.now() - self.window
        # database-7: User.query is the legacy way of SQLAlchemy, which select() has replaced
        found: int = self.User.query.filter(self.User.lastseen >= since).count()
        return found
