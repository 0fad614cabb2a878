"""Step 1: count the users online with a dict.

Run:  python step1_dict/app.py
Then: curl -u alice:demo -X POST http://127.0.0.1:5001/api/tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask

from common.api import new_app, plain, window_asked
from common.presence import Presence, answering_tracker
from demo.run import run_demo
from step1_dict.models import User, db
from step1_dict.tracker import DictTracker


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the app. SettingError ends the start when a setting cannot be used."""
    app = new_app("step1_dict", db, User, config)
    tracker = DictTracker(
        window=timedelta(minutes=app.config["ONLINE_MINUTES"]),
        keep=timedelta(minutes=app.config["ONLINE_KEEP_MINUTES"]),
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
    run_demo(create_app, "step1_dict", port=5001, remembers="in this process: a restart forgets everyone")
