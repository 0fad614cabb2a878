"""recipes/forgetting.py: what is old goes, so does what is asked for, and a store that fails says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import Flask

from recipes.forgetting import create_app
from recipes.small_app import shared_users
from step3_redis.tracker import RedisTracker
from tests.helpers.redis_server import redis_server
from tests.recipes.conftest import Closing

DAY = timedelta(days=1)


def seen(app: Flask) -> dict[int, datetime | None]:
    """Return what the column says of each user."""
    users, engine = shared_users(app)
    with engine.connect() as connection:
        found = {row.id: row.last_seen for row in connection.execute(sa.select(users))}
    engine.dispose()
    return found


def set_seen(app: Flask, times: dict[int, datetime | None]) -> None:
    users, engine = shared_users(app)
    with engine.connect() as connection:
        for user_id, time in times.items():
            connection.execute(sa.update(users).where(users.c.id == user_id).values(last_seen=time))
    engine.dispose()


def command(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=arguments)
    return result.exit_code, result.output


def test_what_is_older_than_so_many_days_is_cleared(closing: Closing) -> None:
    app = closing(create_app())
    now = datetime.now(UTC).replace(microsecond=0)
    set_seen(app, {1: now - 31 * DAY, 2: now - 29 * DAY, 3: None})
    assert command(app, "forget") == (0, "Times forgotten: 1\n")
    assert seen(app) == {1: None, 2: now - 29 * DAY, 3: None}
    assert command(app, "forget", "--days", "28") == (0, "Times forgotten: 1\n")
    assert command(app, "forget", "--days", "28") == (0, "Times forgotten: 0\n")
    assert set(seen(app).values()) == {None}


def test_zero_days_are_refused_since_they_would_forget_who_is_online(closing: Closing) -> None:
    app = closing(create_app())
    app.test_client().get("/hello", auth=("alice", "demo"))
    code, _ = command(app, "forget", "--days", "0")
    assert code == 2
    assert app.test_client().get("/online").json == {"online": 1}


def test_all_of_one_user_is_forgotten_and_nothing_of_another(closing: Closing) -> None:
    app = closing(create_app())
    client = app.test_client()
    for name in ("alice", "bob"):
        client.get("/hello", auth=(name, "demo"))
    bobs = seen(app)[2]
    assert command(app, "forget-user", "1") == (0, "User 1 is forgotten.\n")
    assert client.get("/online").json == {"online": 1}
    assert seen(app) == {1: None, 2: bobs, 3: None}
    # once more does no harm: it may have been interrupted
    assert command(app, "forget-user", "1") == (0, "User 1 is forgotten.\n")


def test_an_id_that_nobody_has_is_no_success(closing: Closing) -> None:
    app = closing(create_app())
    code, output = command(app, "forget-user", "9")
    assert code == 2
    assert "there is no user 9" in output


@pytest.mark.slow
def test_a_user_goes_from_every_tracker_in_redis_and_from_no_other_key(
    closing: Closing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as server, server.client() as client:
        monkeypatch.setenv("FLASK_REDIS_URL", server.url)
        app = closing(create_app())
        for prefix in ("online", "online:room:lobby", "another-app"):
            tracker = RedisTracker(client, prefix=prefix)
            for user_id in (1, 11):
                tracker.mark_online(SimpleNamespace(id=user_id))
        assert command(app, "forget-user", "1") == (0, "User 1 is forgotten.\n")
        assert client.zrange("online:last-seen", 0, -1) == ["11"]
        assert client.zrange("online:room:lobby:last-seen", 0, -1) == ["11"]
        assert sorted(client.zrange("another-app:last-seen", 0, -1)) == ["1", "11"]


def test_without_the_database_nothing_is_taken_for_forgotten(closing: Closing) -> None:
    app = closing(create_app())
    users, engine = shared_users(app)
    users.drop(engine)
    engine.dispose()
    for arguments in (["forget"], ["forget-user", "1"]):
        code, output = command(app, *arguments)
        assert code == 1
        assert output.startswith("Error: Not all is forgotten, so run this again: ")


def test_without_redis_nothing_is_taken_for_forgotten(
    closing: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_REDIS_URL", "redis://127.0.0.1:1/0")  # where nobody listens
    code, output = command(closing(create_app()), "forget-user", "1")
    assert code == 1
    assert output.startswith("Error: Not all is forgotten, so run this again: ")
