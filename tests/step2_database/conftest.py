"""Step 2 on each of its databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from common.accounts import add_account, create_tables, find_by_name
from common.presence import Presence
from step2_database.app import create_app
from step2_database.models import db
from step2_database.tracker import DatabaseTracker
from tests.helpers.apps import QUICK_HASH
from tests.helpers.clock import FakeClock
from tests.helpers.databases import new_database, noted_on

MakeApp = Callable[..., Flask]


BACKENDS = ("sqlite", "postgresql", "mysql")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each database in turn; a test may name those it is about."""
    name: str = request.param
    return name


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Iterator[URL]:
    """An empty database of the test's own."""
    with new_database(backend, tmp_path) as url:
        yield url


@pytest.fixture
def make_app(database: URL) -> Iterator[MakeApp]:
    """Make apps on that database."""
    with apps_on(database) as make:
        yield make


@contextmanager
def apps_on(database: URL) -> Iterator[MakeApp]:
    """Lend what makes apps, with resolution 0 unless told otherwise, and a clock that the test moves.

    The users are alice, bob and carol, whose ids are 1 to 3.
    """
    apps: list[Flask] = []

    def make(url: URL = database, **settings: Any) -> Flask:
        app = create_app({
            "SECRET_KEY": "a test's own key",
            "SQLALCHEMY_DATABASE_URI": url,
            "PASSWORD_HASH_METHOD": QUICK_HASH,
            "ONLINE_RESOLUTION_SECONDS": 0,
            **settings,
        })  # fmt: skip
        apps.append(app)
        tracker_of(app)._clock = FakeClock()
        with app.app_context():
            create_tables()
            for name in ("alice", "bob", "carol"):
                if find_by_name(name) is None:
                    add_account(name, "demo")
        return app

    yield make
    for app in apps:
        dispose(app)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with resolution 0."""
    return make_app()


def dispose(app: Flask) -> None:
    """Close all connections of an app, so that its schema can be dropped."""
    with app.app_context():
        db.engine.dispose()
    tracker = tracker_of(app)
    tracker._writing.dispose()
    tracker._reading.dispose()


def tracker_of(app: Flask) -> DatabaseTracker:
    """Return the app's tracker."""
    presence: Presence = app.extensions["presence"]
    assert isinstance(presence.tracker, DatabaseTracker)
    return presence.tracker


def clock_of(app: Flask) -> FakeClock:
    """Return the clock of the app's tracker."""
    clock = tracker_of(app)._clock
    assert isinstance(clock, FakeClock)
    return clock


@contextmanager
def noted(app: Flask) -> Iterator[list[str]]:
    """Lend a list that fills with the statements which the app sends, those of its presence included."""
    with app.app_context():
        engines = (db.engine, tracker_of(app)._writing, tracker_of(app)._reading)
    with noted_on(*engines) as sent:
        yield sent
