"""Who has just come, and who has left: one event each, for all processes together, to a function of yours.

Run it:     .venv/bin/python recipes/came_and_left.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, and it says that 1 came; in five minutes, 1 left.
            Beside workers on a real Redis (FLASK_REDIS_URL): flask --app recipes.came_and_left watch, twice.
"""

import secrets
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import click
from flask import Flask

from common import presence
from recipes.small_app import new_app, redis_client, run
from step3_redis.tracker import Clock, RedisTracker


def look(client: Any, tracker: RedisTracker, me: bytes, tell: Callable[[str, int], object]) -> None:
    """Tell ("came", id) and ("left", id) of all who did since any watcher looked. me: this watcher's name."""
    # one at a time, since the clocks of two hosts differ; 10 seconds after it has died, another takes over
    if client.set("online:watcher", me, nx=True, ex=10) or client.get("online:watcher") == me:
        client.expire("online:watcher", 10)
        changes = client.pipeline(transaction=True)  # all of it at once, so that each change is seen once
        changes.zrangestore("online:now", tracker.key, f"({tracker.since(None)}", "+inf", byscore=True)
        changes.zdiff(["online:now", "online:told"])
        changes.zdiff(["online:told", "online:now"])
        changes.zunionstore("online:told", ["online:now"])
        for event, users in zip(("came", "left"), changes.execute()[1:3], strict=True):
            for user_id in users:
                tell(event, int(user_id))


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app()
    client = redis_client(app.config.get("REDIS_URL"))
    tracker = RedisTracker(client, clock=clock)
    presence.init_app(app, tracker)

    @app.cli.command("watch", with_appcontext=False)
    def watch() -> None:
        me = secrets.token_bytes()
        while True:
            try:
                look(client, tracker, me, lambda event, user_id: click.echo(f"{user_id} {event}"))
            except tracker.outages as error:
                app.logger.warning("Nobody is told of, Redis fails: %r", error)
            time.sleep(1)

    return app


if __name__ == "__main__":
    served = create_app()
    Thread(target=served.cli.commands["watch"].callback, daemon=True).start()
    run(served)
