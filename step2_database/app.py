"""Step 2: count the users online with a column of the users' table.

Run:  python step2_database/app.py
Then: curl -u alice:demo -X POST http://127.0.0.1:5002/api/tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate

from common import presence
from common.api import new_app
from common.settings import refuse_setting
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the app. SystemExit: a setting that cannot be used."""
    app = new_app("step2_database", db, User, config)
    Migrate(app, db, directory=Path(__file__).parent / "migrations")
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    try:
        with app.app_context():
            writing = presence_engine(db.engine, options, wait_seconds=0.5, ping=False)
            reading = presence_engine(db.engine, options, wait_seconds=2, ping=True)
    except ValueError as error:
        refuse_setting(f"FLASK_SQLALCHEMY_DATABASE_URI is unfit for presence, {error}")
    tracker = DatabaseTracker(
        db.metadata.tables[User.__tablename__],
        writing=writing,
        reading=reading,
        window=timedelta(minutes=app.config["ONLINE_MINUTES"]),
        resolution=timedelta(seconds=app.config["ONLINE_RESOLUTION_SECONDS"]),
    )
    presence.init_app(app, tracker)
    return app


if __name__ == "__main__":
    from demo.page import Words
    from demo.run import run_demo

    remembers = Words(
        "A column of the users' table remembers who was last seen when; a restart forgets nobody.",
        "用户最后出现的时间记在用户表的一列里，重启之后全部还在。",
    )
    mark = "UPDATE users SET last_seen = '{utc:%Y-%m-%d %H:%M:%S.%f}' WHERE id = {id}"
    run_demo(create_app, "step2_database", port=5002, remembers=remembers, mark=mark)
