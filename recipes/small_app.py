"""The app around a recipe: three users who sign in by name and password, and the stores to try it on.

A recipe takes from here what your own app has already. Copy the recipe, and not this.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fakeredis import FakeRedis
from flask import Flask
from flask_httpauth import HTTPBasicAuth
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common import presence

auth = HTTPBasicAuth()
USERS = {
    name: SimpleNamespace(id=number, name=name) for number, name in enumerate(("alice", "bob", "carol"), 1)
}


@auth.verify_password
def verify_password(name: str, password: str) -> Any:
    """Let a user in, and mark the user; the password is demo, so this is for your own machine only."""
    user = USERS.get(name)
    if user is None or password != "demo":  # noqa: S105
        return None
    presence.record(user)
    return user


def new_app(tracker: presence.OnlineTracker | None = None) -> Flask:
    """Make an app with this tracker; /hello says who is calling, and /online how many are here.

    Without a tracker, the recipe calls presence.init_app() itself, once it has read app.config.
    """
    app = Flask("recipes")
    app.config.from_prefixed_env()
    if tracker is not None:
        presence.init_app(app, tracker)

    @app.get("/hello")
    @auth.login_required
    def hello() -> dict[str, str]:
        return {"hello": auth.current_user().name}

    @app.get("/online")
    def online() -> dict[str, int]:
        return {"online": presence.get_online()}

    return app


def redis_client(url: str | None) -> Any:
    """Return a client for the Redis at this address; without one, for a fake Redis in this process."""
    if url is None:
        return FakeRedis()
    limits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}  # seconds
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits)


def run(app: Flask) -> None:
    """Serve the recipe on this machine only."""
    app.run(port=5020)
