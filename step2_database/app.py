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

from common.api import new_app, plain, window_asked
from common.presence import Presence, answering_tracker
from common.settings import SettingError
from demo.run import run_demo
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the app. SettingError ends the start when a setting cannot be used."""
    app = new_app("step2_database", db, User, config)
    Migrate(app, db, directory=Path(__file__).parent / "migrations")
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    try:
        with app.app_context():
            writing = presence_engine(db.engine, options, connections=5, seconds=1, ping=False)
            reading = presence_engine(db.engine, options, connections=5, seconds=4, ping=True)
    except ValueError as error:
        raise SettingError(f"FLASK_SQLALCHEMY_DATABASE_URI is unfit for presence, {error}") from error
    tracker = DatabaseTracker(
        db.metadata.tables[User.__tablename__],
        writing=writing,
        reading=reading,
        window=timedelta(minutes=app.config["ONLINE_MINUTES"]),
        resolution=timedelta(seconds=app.config["ONLINE_RESOLUTION_SECONDS"]),
    )
    app.extensions["presence"] = Presence(tracker)

    @app.get("/api/online")
    @window_asked
    def get_online(window: timedelta) -> dict[str, float]:
        """Count the users seen within the window. Asking needs no credentials and marks nobody."""
        with answering_tracker() as tracker:
            return {
                "online": tracker.get_online(window),
                "minutes": plain(window / timedelta(minutes=1)),
                "resolution_seconds": plain(tracker.resolution.total_seconds()),
            }

    return app


if __name__ == "__main__":
    run_demo(
        create_app, "step2_database", port=5002, remembers="in the users' table: a restart forgets nobody"
    )
