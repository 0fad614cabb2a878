"""Who was seen when is personal data: forget what is old every day, and all of a user whose account ends.

Run it:     .venv/bin/flask --app recipes.forgetting run --port 5020
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello; in another terminal
            .venv/bin/flask --app recipes.forgetting forget-user 1, and http://127.0.0.1:5020/online says 0;
            .venv/bin/flask --app recipes.forgetting forget --days 30 is for cron, once a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
import sqlalchemy as sa
from flask import Flask
from redis import RedisError

from common import presence
from recipes.small_app import new_app, redis_client, shared_users
from step2_database.tracker import DatabaseTracker


@contextmanager
def failing_loudly() -> Iterator[None]:
    """ClickException: a store fails. The command ends with status 1, and nobody takes it for done."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, RedisError) as error:
        raise click.ClickException(f"Not all is forgotten, so run this again: {error}") from error


def create_app() -> Flask:
    """Make the app."""
    app = new_app()
    users, engine = shared_users(app)
    presence.init_app(app, DatabaseTracker(users, writing=engine, reading=engine))
    redis = redis_client(app.config.get("REDIS_URL"))
    clear = sa.update(users).values(last_seen=None)

    @app.cli.command("forget")
    @click.option("--days", type=click.IntRange(min=1), default=30, show_default=True)
    def forget(days: int) -> None:
        is_old = users.c.last_seen < datetime.now(UTC) - timedelta(days=days)
        with failing_loudly(), engine.connect() as connection:
            click.echo(f"Times forgotten: {connection.execute(clear.where(is_old)).rowcount}")

    @app.cli.command("forget-user")
    @click.argument("user_id", type=int)
    def forget_user(user_id: int) -> None:
        # Shut your door to the user before, or the next request marks again whom this forgets.
        with failing_loudly(), engine.connect() as connection:
            for key in redis.scan_iter("online*:last-seen"):
                redis.zrem(key, user_id)
            if not connection.execute(clear.where(users.c.id == user_id)).rowcount:
                raise click.BadParameter(f"there is no user {user_id}.")
        click.echo(f"User {user_id} is forgotten.")

    return app
