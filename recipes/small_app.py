"""The app around a recipe: three users who sign in by name and password, and the stores to try it on.

A recipe takes from here what your own app has already. Copy the recipe, and not this.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa
from fakeredis import FakeRedis, FakeServer
from flask import Flask, render_template_string
from flask_httpauth import HTTPBasicAuth
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common import presence
from step1_dict.tracker import Clock, DictTracker
from step2_database.engine import presence_engine
from step2_database.tracker import DatabaseTracker
from step2_database.utc_datetime import UtcDateTime
from step3_redis.tracker import RedisTracker

auth = HTTPBasicAuth()
USERS = {
    name: SimpleNamespace(id=number, name=name, is_admin=name == "alice")
    for number, name in enumerate(("alice", "bob", "carol"), 1)
}

HOME = """<!doctype html>
<html lang="en"><title>Recipe</title>
<h1>A recipe is running</h1>
<p>It has these addresses; what to try with them stands at the top of its file. Alice, bob and carol sign in,
each with the password demo.</p>
<ul>{% for address in addresses %}
<li>{{ address }}</li>{% endfor %}
</ul>
</html>
"""


def find_user(name: str, password: str) -> Any:
    """Return the user, or None; the password is demo, so this is for your own machine only."""
    return USERS.get(name) if password == "demo" else None  # noqa: S105


@auth.verify_password
def verify_password(name: str, password: str) -> Any:
    """Let a user in, and mark the user."""
    user = find_user(name, password)
    if user is not None:
        presence.record(user)
    return user


def new_app(
    tracker: presence.OnlineTracker | None = None, door: HTTPBasicAuth = auth, *, home: bool = True
) -> Flask:
    """Make an app; /hello says who is calling, and /online how many are here.

    tracker: where it remembers; None: the Redis of FLASK_REDIS_URL, or a fake one. A recipe that makes its
    own from app.config calls presence.init_app() once more.
    door: by which /hello lets users in.
    home: whether / lists the addresses of the app; False: the recipe has a page of its own there.
    """
    app = Flask("recipes")
    app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_SAMESITE="Lax")  # until the next start
    app.config.from_prefixed_env()
    presence.init_app(app, tracker or RedisTracker(redis_client(app.config.get("REDIS_URL"))))

    @app.get("/hello")
    @door.login_required
    def hello() -> dict[str, str]:
        return {"hello": door.current_user().name}

    @app.get("/online")
    def online() -> dict[str, int]:
        return {"online": presence.get_online()}

    if home:
        app.add_url_rule("/", "home", lambda: render_template_string(HOME, addresses=addresses(app)))
    return app


def addresses(app: Flask) -> list[str]:
    """Return what the app answers to, such as "/hello GET", in the order of the alphabet."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in {"home", "static"}]
    methods = [", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})) for rule in rules]
    return sorted(f"{rule.rule} {each}" for rule, each in zip(rules, methods, strict=True))


def redis_client(url: str | None) -> Any:
    """Return a client for the Redis at this address; without one, for a fake Redis in this process."""
    if url is None:
        return FakeRedis(server=FakeServer())
    limits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}  # seconds
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits)


class Store(NamedTuple):
    """A tracker, and what it remembers in: a Redis, or the users' table and an engine to read it with."""

    tracker: DictTracker | DatabaseTracker | RedisTracker
    redis: Any = None
    users: Any = None
    reading: Any = None


def new_store(app: Flask, clock: Clock = time.time) -> Store:
    """Make the store that FLASK_REDIS_URL or FLASK_SQLALCHEMY_DATABASE_URI names; without them, a dict.

    clock: seconds since the epoch.
    """
    if url := app.config.get("REDIS_URL"):
        client = redis_client(url)
        return Store(RedisTracker(client, clock=clock), redis=client)
    if url := app.config.get("SQLALCHEMY_DATABASE_URI"):
        engine = sa.create_engine(url)
        users = users_table(engine)
        writing = presence_engine(engine, {}, wait_seconds=0.5, ping=False)
        reading = presence_engine(engine, {}, wait_seconds=2, ping=True)
        engine.dispose()
        tracker = DatabaseTracker(users, writing=writing, reading=reading, clock=clock)
        return Store(tracker, users=users, reading=reading)
    return Store(DictTracker(clock=clock))


def users_table(engine: sa.Engine) -> sa.Table:
    """Return a users' table in this database; it is made, with the three users in it, unless it is there."""
    users = sa.Table(
        "recipe_users",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("last_seen", UtcDateTime, index=True),  # NULL: never seen
    )
    with engine.begin() as connection:
        if not sa.inspect(connection).has_table(users.name):
            users.create(connection)
            rows = [{"id": user.id, "name": user.name} for user in USERS.values()]
            connection.execute(users.insert(), rows)
    return users


def shared_users(app: Flask) -> tuple[sa.Table, sa.Engine]:
    """Return a users' table that several processes see, and its engine, which commits each statement.

    It is in the database of FLASK_SQLALCHEMY_DATABASE_URI; without one, in a file of SQLite's.
    """
    file = Path(app.instance_path) / "recipes.sqlite"
    file.parent.mkdir(exist_ok=True)
    url = app.config.get("SQLALCHEMY_DATABASE_URI") or f"sqlite:///{file}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    return users_table(engine), engine


def run(app: Flask) -> None:
    """Serve the recipe on this machine only."""
    app.run(port=5020)
