"""Step 3: count the users online with a Redis sorted set.

Run:  python step3_redis/app.py
Then: curl -u alice:demo -X POST http://127.0.0.1:5003/api/tokens
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask

from common.api import new_app, plain, window_asked
from common.presence import Presence, answering_tracker
from demo.run import run_demo
from step3_redis.client import redis_client
from step3_redis.models import User, db
from step3_redis.sharded import ShardedTracker
from step3_redis.tracker import RedisTracker


def create_app(config: Mapping[str, Any] | None = None, *, embedded: bool = False) -> Flask:
    """Return the app. SettingError ends the start when a setting cannot be used.

    embedded: remember in this process, so that no Redis is needed to try it.
    """
    app = new_app("step3_redis", db, User, config)
    shards = app.config["ONLINE_SHARDS"]
    new_tracker = RedisTracker if shards == 1 else partial(ShardedTracker, shards=shards)
    tracker = new_tracker(
        redis_client(app, embedded=embedded),
        prefix=app.config["ONLINE_KEY_PREFIX"],
        window=timedelta(minutes=app.config["ONLINE_MINUTES"]),
        keep=timedelta(minutes=app.config["ONLINE_KEEP_MINUTES"]),
    )
    if embedded:
        tracker.survives_restart = tracker.shared_between_processes = False
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
    embedded = not os.environ.get("FLASK_REDIS_URL")
    remembers = "in the Redis that FLASK_REDIS_URL names"
    if embedded:
        remembers = (
            "by fakeredis, a Redis inside this process: nothing to install, and a restart forgets.\n"
            "For a real one, set FLASK_REDIS_URL (redis://127.0.0.1:6379/0, for example)"
        )
    run_demo(partial(create_app, embedded=embedded), "step3_redis", port=5003, remembers=remembers)
