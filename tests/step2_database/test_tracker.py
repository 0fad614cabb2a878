"""The contract, kept by DatabaseTracker on each database, and what it promises beyond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert

import step2_database.tracker
from common.presence import OnlineTracker
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import FIVE_MINUTES, DatabaseTracker
from tests.contracts.tracker.any_window import AnswersAnyWindow
from tests.contracts.tracker.clock_set_back import FollowsTheClock
from tests.contracts.tracker.every_tracker import TrackerContract
from tests.contracts.tracker.fixtures import MakeTracker
from tests.contracts.tracker.shared_between_processes import SharedBetweenProcesses
from tests.contracts.tracker.survives_restart import SurvivesRestart
from tests.helpers.clock import FakeClock
from tests.helpers.examples import run_example
from tests.helpers.users import ALICE
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


class TestDatabaseTrackerKeepsTheContract(
    TrackerContract, SurvivesRestart, SharedBetweenProcesses, AnswersAnyWindow, FollowsTheClock
):
    """Step 2."""

    @pytest.fixture
    def make_tracker(self, new_tracker: MakeTracker) -> MakeTracker:
        return new_tracker


def test_the_database_keeps_its_promises_in_the_eyes_of_the_type_checker(app: Flask) -> None:
    tracker: OnlineTracker = tracker_of(app)
    assert tracker.survives_restart and tracker.shared_between_processes and tracker.any_window


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_example_at_the_top_of_the_file_runs(app: Flask) -> None:
    engine = tracker_of(app)._writing
    made = run_example(step2_database.tracker, User=User, engine=engine, user=ALICE)
    assert made["tracker"].get_online() == 1
