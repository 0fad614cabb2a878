"""The form that most Flask apps have, written anew as it is: a column is written before each request.

Many know it from the Flask Mega-Tutorial by Miguel Grinberg, from which so many have learned Flask; we thank
its author. He fills one line of a profile page with it, "last seen on", and for that it is good enough. The
defects that are marked come when the app has many users, or when somebody counts with the column. It is not
the form of "Flask 统计在线人数" (2020) by keinYe, whom we thank for marking in the callbacks instead. Slips
that only a reprint has are neither author's. Do not use this: step 2 has the cures.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_login import FlaskLoginClient, LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, func, select


class BeforeRequest:
    """An app in this form, with a database, a clock and static files of each test's own.

    app.test_client(user=alice) is a browser in which alice has signed in.
    """

    window = timedelta(minutes=5)

    def __init__(
        self,
        url: URL | str,
        clock: Callable[[], float] = time.time,
        static_folder: Path | None = None,
        **engine_options: Any,
    ) -> None:
        self.now = now = lambda: datetime.fromtimestamp(clock(), UTC)
        self.app = app = Flask("before_request", static_folder=static_folder, static_url_path="/static")
        app.config["SECRET_KEY"] = secrets.token_hex()
        app.config["SQLALCHEMY_DATABASE_URI"] = url
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options
        app.test_client_class = FlaskLoginClient
        self.db = db = SQLAlchemy(app)
        login_manager = LoginManager(app)

        # database-8: without a name of its own, the table is called user, as a function of PostgreSQL is
        class User(UserMixin, db.Model):  # type: ignore[name-defined, misc]
            """Somebody who can sign in."""

            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(80))
            # database-3: the column keeps no zone: SQLite drops it, PostgreSQL turns to its connection's
            # database-4: the column has no index, so a count reads every user
            # request-4: the default is the time of creation, so a user who never came counts as seen
            last_seen = db.Column(db.DateTime, default=now)

        self.User = User

        @login_manager.user_loader
        def load_user(user_id: str) -> User | None:
            return db.session.get(User, int(user_id))

        # request-1: Flask calls this for every picture, stylesheet and 404 too, and each marks the user
        @app.before_request
        def before_request() -> None:
            if current_user.is_authenticated:
                current_user.last_seen = now()
                # request-2: this costs an UPDATE and a COMMIT, and the view then has to load the user again
                # request-3: while another process writes, SQLite waits and then refuses, so the request fails
                db.session.commit()

        @app.get("/")
        @login_required
        def index() -> str:
            name: str = current_user.name
            return f"Hello, {name}!"

    def get_online(self) -> int:
        """Count the users seen within the window."""
        recent = self.User.last_seen > self.now() - self.window
        return self.db.session.execute(select(func.count()).select_from(self.User).where(recent)).scalar_one()
