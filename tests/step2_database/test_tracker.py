"""The contract, kept by DatabaseTracker on each database, and what it promises beyond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert

from common.presence import OnlineTracker
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import FIVE_MINUTES, DatabaseTracker
from tests.contracts.tracker import MakeTracker, TrackerContract
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB
from tests.step2_database.conftest import MakeApp, tracker_of

THIRTY_SECONDS = timedelta(seconds=30)


def add_users(app: Flask, number: int) -> None:
    """Fill the table up with users 4 to number, whom nobody has ever seen."""
    rows = [{"id": n, "name": f"user {n}", "password_hash": "", "active": True} for n in range(4, number + 1)]
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(User), rows)


@pytest.fixture
def new_tracker(make_app: MakeApp) -> Iterator[MakeTracker]:
    app = make_app()
    add_users(app, 200)
    with app.app_context():  # a busy machine may take its time: what gives up is tested in test_outages.py
        engines = [presence_engine(db.engine, {}, wait_seconds=30, ping=False) for _ in range(2)]
    writing, reading = engines

    def make(
        *,
        clock: FakeClock,
        window: timedelta = FIVE_MINUTES,
        keep: timedelta | None = None,  # all is kept
        resolution: timedelta = timedelta(0),
    ) -> DatabaseTracker:
        return DatabaseTracker(
            db.metadata.tables["users"],
            writing=writing,
            reading=reading,
            window=window,
            resolution=resolution,
            clock=clock,
        )

    yield make
    for engine in engines:
        engine.dispose()


class TestDatabaseTrackerKeepsTheContract(TrackerContract):
    """Step 2."""

    @pytest.fixture
    def make_tracker(self, new_tracker: MakeTracker) -> MakeTracker:
        return new_tracker


def test_the_database_keeps_its_promises_in_the_eyes_of_the_type_checker(app: Flask) -> None:
    tracker: OnlineTracker = tracker_of(app)
    assert tracker.survives_restart and tracker.shared_between_processes and tracker.any_window


def test_any_window_can_be_asked_for(new_tracker: MakeTracker) -> None:
    clock = FakeClock()
    tracker = new_tracker(clock=clock)
    tracker.mark_online(ALICE)
    clock.advance(days=4)
    tracker.mark_online(BOB)
    assert tracker.get_online(timedelta(days=3)) == 1
    assert tracker.get_online(timedelta(days=5)) == 2
    assert tracker.get_online(timedelta.max) == 2
    assert len(tracker.online_users(timedelta.max)) == 2
