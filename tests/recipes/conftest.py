"""What tests of recipes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from step2_database.tracker import DatabaseTracker
from tests.helpers.clock import FakeClock
from tests.helpers.databases import new_database
from tests.helpers.redis_server import RedisServer, redis_server

Closing = Callable[[Flask], Flask]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with redis_server(tmp_path) as started:
        yield started


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    """A client that looks into it."""
    with server.client() as looking:
        yield looking


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mysql", marks=pytest.mark.slow),
    ]
)
def users_database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let small_app.shared_users() make its table in a database of the test's own."""
    with new_database(request.param, tmp_path) as url:
        monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", url.render_as_string(hide_password=False))
        yield


@pytest.fixture
def closing(users_database: None) -> Iterator[Closing]:
    """Return a function that takes an app on that database, and closes its connections after the test."""
    apps: list[Flask] = []

    def note(app: Flask) -> Flask:
        apps.append(app)
        return app

    yield note
    for app in apps:
        tracker = app.extensions["presence"].tracker
        assert isinstance(tracker, DatabaseTracker)
        tracker._writing.dispose()
