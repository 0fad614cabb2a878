"""Who is in this room, or viewing this page: a tracker for each, kept and not made anew for each request.

Run it:     .venv/bin/python recipes/rooms.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -u alice:demo -X POST http://127.0.0.1:5020/rooms/lobby, and as bob: both are listed;
            curl -u bob:demo -X DELETE http://127.0.0.1:5020/rooms/lobby, and only alice is listed;
            curl -u bob:demo -X POST http://127.0.0.1:5020/rooms/board: not found, as bob may not enter it.

FLASK_REDIS_URL names a real Redis; without it, a fake one in this process remembers.
"""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Lock

from cachetools import LRUCache, cached
from flask import Flask, abort, request

from common import presence
from recipes.small_app import auth, new_app, redis_client, run
from step3_redis.tracker import Clock, RedisTracker

# Your own tables say which rooms there are, and who may enter each. What is not in them becomes no key.
MEMBERS = {"lobby": {1, 2, 3}, "board": {1}}
MOST_KEPT = 1000  # trackers in each process; one that is dropped and made anew has lost nothing
WINDOW = timedelta(minutes=1)  # let the page send its POST every 20 seconds


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app()
    client = redis_client(app.config.get("REDIS_URL"))
    presence.init_app(app, RedisTracker(client, clock=clock))

    # kept, since a tracker remembers when it has last tidied: a new one would do so with every mark
    @cached(LRUCache(maxsize=MOST_KEPT), lock=Lock())
    def presence_in(room: str) -> presence.Presence:
        tracker = RedisTracker(client, prefix=f"online:room:{room}", window=WINDOW, clock=clock)
        return presence.Presence(tracker, logger=app.logger)

    @app.route("/rooms/<room>", methods=["GET", "POST", "DELETE"])
    @auth.login_required
    def users_in(room: str) -> dict[str, object]:
        user = auth.current_user()
        if user.id not in MEMBERS.get(room, ()):
            abort(404, "There is no room of this name for you.")  # says the same if there is one
        here = presence_in(room)
        if request.method == "POST":
            here.record(user)
        if request.method == "DELETE":
            here.mark_offline(user)
        return {"room": room, "users": [user_id for user_id, _ in here.online_users()]}

    return app


if __name__ == "__main__":
    run(create_app())
