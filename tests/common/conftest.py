"""An app that is none of the three steps, with a tracker that only takes notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common import presence
from common.accounts import Account, add_account, create_tables
from common.api import new_app
from tests.helpers.apps import QUICK_HASH
from tests.helpers.databases import noted_on


class Base(DeclarativeBase):
    """This app's tables."""


db = SQLAlchemy(model_class=Base)
SEEN = datetime(2026, 1, 31, 8, 0, 0, 123457, tzinfo=UTC)  # with a fraction, so that nobody rounds it


class User(Account, Base):
    """This app's user."""

    __tablename__ = "users"


class Visit(Base):
    """A table of this app's that has nothing to do with its users."""

    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    page: Mapped[str]


class StoreDown(Exception):
    """What the driver of a store that does not answer would raise."""


class StoreBusy(Exception):
    """What a pool without a free connection would raise."""


class NotingTracker:
    """Notes who is marked; its store can be made to fail."""

    survives_restart = shared_between_processes = any_window = False
    window = timedelta(minutes=5)
    resolution = timedelta(0)
    outages: tuple[type[Exception], ...] = (StoreDown,)
    overloads: tuple[type[Exception], ...] = (StoreBusy,)

    def __init__(self) -> None:
        self.marked: list[Any] = []
        self.left: list[tuple[Any, timedelta]] = []
        self.attempts = 0
        self.marks_fail = self.reads_fail = self.busy = False
        self.windows: list[timedelta | None] = []
        self.entered, self.hangs = Event(), Event()
        self.hangs.set()

    def mark_online(self, user: Any) -> None:
        self.attempts += 1
        self.entered.set()
        assert self.hangs.wait(10)
        if self.busy:
            raise StoreBusy("no connection is free")
        if self.marks_fail:
            raise StoreDown("connection refused")
        self.marked.append(user.id)

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        self.attempts += 1
        if self.marks_fail:
            raise StoreDown("connection refused")
        self.left.append((user.id, tail))

    def get_online(self, window: timedelta | None = None) -> int:
        self._read()
        self.windows.append(window)
        return len(set(self.marked))

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        self._read()
        self.windows.append(window)
        return [(user_id, SEEN) for user_id in reversed(self.marked)][:limit]

    def last_seen(self, user: Any) -> datetime | None:
        self._read()
        return SEEN if user.id in self.marked else None

    def check_window(self, window: timedelta | None) -> timedelta:
        if window is not None and window > timedelta(days=1):
            raise ValueError("a window of more than a day is too long")
        return window or self.window

    def _read(self) -> None:
        self.attempts += 1
        if self.busy:
            raise StoreBusy("no connection is free")
        if self.reads_fail:
            raise StoreDown("connection refused")


def make_app(config: Mapping[str, Any]) -> Flask:
    """Return an app of this conftest; a test may give its own settings."""
    app = new_app("tests.common", db, User, {"SECRET_KEY": "a test's own key", **config})
    presence.init_app(app, NotingTracker())
    return app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An app with the users alice, bob, and carol, who is not active."""
    app = make_app({
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users.sqlite",
        "PASSWORD_HASH_METHOD": QUICK_HASH,
    })  # fmt: skip
    with app.app_context():
        create_tables()
        for name in ("alice", "bob", "carol"):
            add_account(name, "demo")
        db.session.execute(db.update(User).where(User.name == "carol").values(active=False))
        db.session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


@contextmanager
def noted(app: Flask) -> Iterator[list[str]]:
    """Lend the app's context, and a list that fills with the statements which go to its database."""
    with app.app_context(), noted_on(db.engine) as sent:
        yield sent


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of that app."""
    return app.test_client()


@pytest.fixture
def tracker(app: Flask) -> NotingTracker:
    """That app's tracker."""
    tracker: NotingTracker = app.extensions["presence"].tracker
    return tracker
