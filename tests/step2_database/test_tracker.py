"""The contract, kept by DatabaseTracker on each database, and what it promises beyond."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Column, DateTime, Engine, ForeignKey, Integer, MetaData, Table, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeEngine

import step2_database.tracker
from common.presence import OnlineTracker
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from step2_database.utc_datetime import UtcDateTime
from tests.contracts.tracker.any_window import AnswersAnyWindow
from tests.contracts.tracker.clock_set_back import FollowsTheClock
from tests.contracts.tracker.contract import TrackerContract
from tests.contracts.tracker.fixtures import MakeTracker
from tests.contracts.tracker.shared_between_processes import SharedBetweenProcesses
from tests.contracts.tracker.survives_restart import SurvivesRestart
from tests.helpers.clock import FIVE_MINUTES, FakeClock
from tests.helpers.databases import new_database
from tests.helpers.examples import run_example
from tests.helpers.users import ALICE
from tests.step2_database.conftest import BACKENDS, MakeApp, apps_on, tracker_of

THIRTY_SECONDS = timedelta(seconds=30)


def add_users(app: Flask, number: int) -> None:
    """Fill the table up with users 4 to number, whom nobody has ever seen."""
    rows = [{"id": n, "name": f"user {n}", "password_hash": "", "active": True} for n in range(4, number + 1)]
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(User), rows)


@pytest.fixture(scope="module", params=BACKENDS)
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Engine]]:
    """The engines that write and read marks of 200 users; all promises are tried on the same table."""
    folder = tmp_path_factory.mktemp("contract")
    with new_database(request.param, folder) as database, apps_on(database) as make_app:
        app = make_app()
        add_users(app, 200)
        with (
            app.app_context()
        ):  # a busy machine may take its time: what gives up is tested in test_outages.py
            engines = [presence_engine(db.engine, {}, wait_seconds=30, ping=False) for _ in range(2)]
        yield engines
        for engine in engines:
            engine.dispose()


class TestDatabaseTrackerKeepsTheContract(
    TrackerContract, SurvivesRestart, SharedBetweenProcesses, AnswersAnyWindow, FollowsTheClock
):
    """Step 2."""

    @pytest.fixture
    def make_tracker(self, engines: list[Engine]) -> MakeTracker:
        writing, reading = engines
        with writing.connect() as connection:
            connection.execute(update(User).values(last_seen=None))

        def make(
            *,
            clock: FakeClock,
            window: timedelta = FIVE_MINUTES,
            keep: timedelta | None = None,  # all is kept
        ) -> DatabaseTracker:
            users = db.metadata.tables["users"]
            return DatabaseTracker(users, writing=writing, reading=reading, window=window, clock=clock)

        return make


def test_the_database_keeps_its_promises_in_the_eyes_of_the_type_checker(app: Flask) -> None:
    tracker: OnlineTracker = tracker_of(app)
    assert tracker.survives_restart and tracker.shared_between_processes and tracker.any_window
    assert (tracker.outages, tracker.overloads) == ((DBAPIError,), (PoolTimeoutError,))


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_example_at_the_top_of_the_file_runs(app: Flask) -> None:
    engine = tracker_of(app)._writing
    made = run_example(step2_database.tracker, User=User, engine=engine, user=ALICE)
    assert made["tracker"].get_online() == 1


def test_the_columns_of_a_table_may_have_any_name_and_key(make_app: MakeApp) -> None:
    engines = tracker_of(make_app())
    readers = Table(
        "readers",
        MetaData(),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("was there", UtcDateTime, key="seen_at"),
    )
    readers.create(engines._writing)
    with engines._writing.connect() as connection:
        connection.execute(insert(readers), [{"number": 7}, {"number": 8}])
    clock = FakeClock()
    tracker = DatabaseTracker(
        readers,
        columns=("number", "seen_at"),
        writing=engines._writing,
        reading=engines._reading,
        resolution=THIRTY_SECONDS,
        clock=clock,
    )
    tracker.mark_online(SimpleNamespace(id=7))
    assert tracker.online_users() == [(7, clock.now)]
    assert tracker.last_seen(SimpleNamespace(id=7)) == clock.now
    marked = clock.now
    clock.advance(seconds=31)
    loaded = SimpleNamespace(id=7, seen_at=clock.now - THIRTY_SECONDS)  # fresh enough, so nothing is sent
    tracker.mark_online(loaded)
    assert tracker.online_users() == [(7, marked)]
    assert tracker.get_online() == 1


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_table_without_the_column_is_refused_at_the_start(app: Flask) -> None:
    engines = tracker_of(app)
    # what a model that inherits from User has for a table of its own
    authors = Table("authors", MetaData(), Column("id", ForeignKey("users.id"), primary_key=True))
    with pytest.raises(ValueError, match=r"^authors has no last_seen: give the table that has it, or "):
        DatabaseTracker(authors, writing=engines._writing, reading=engines._reading)


@pytest.mark.parametrize("kept_as", [DateTime(), DateTime(timezone=True)], ids=["naive", "aware"])
def test_a_column_that_gives_times_without_a_zone_is_refused_at_the_start(
    app: Flask, backend: str, kept_as: TypeEngine[object]
) -> None:
    engines = tracker_of(app)
    users = Table("users", MetaData(), Column("id", Integer, primary_key=True), Column("last_seen", kept_as))
    if backend == "postgresql" and kept_as.timezone:  # type: ignore[attr-defined]
        tracker = DatabaseTracker(users, writing=engines._writing, reading=engines._reading)
        tracker.mark_online(ALICE)
        assert tracker.get_online() == 1
        return
    with pytest.raises(ValueError, match=r"^users.last_seen keeps no time zone: migrate it to a UtcDateTime"):
        DatabaseTracker(users, writing=engines._writing, reading=engines._reading)
