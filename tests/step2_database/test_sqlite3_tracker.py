"""The contract, kept by Sqlite3Tracker, and what it promises beyond."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

import step2_database.sqlite3_tracker
from common.presence import OnlineTracker, Presence, PresenceUnknown
from step2_database.sqlite3_tracker import Sqlite3Tracker
from tests.contracts.tracker.any_window import AnswersAnyWindow
from tests.contracts.tracker.clock_set_back import FollowsTheClock
from tests.contracts.tracker.contract import TrackerContract
from tests.contracts.tracker.fixtures import MakeTracker
from tests.contracts.tracker.shared_between_processes import SharedBetweenProcesses
from tests.contracts.tracker.survives_restart import SurvivesRestart
from tests.helpers.clock import FIVE_MINUTES, MICROSECOND, FakeClock
from tests.helpers.examples import run_example
from tests.helpers.users import ALICE, BOB

THIRTY_SECONDS = timedelta(seconds=30)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A file of the test's own, held open, so that no mark is the last to close it and waits for the disk."""
    file = tmp_path / "own.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE unused (id)")
        yield file


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the threads of a busy machine wait for each other."""
    monkeypatch.setattr(step2_database.sqlite3_tracker, "WAIT_SECONDS", 30)


class Sqlite3Contract(
    TrackerContract, SurvivesRestart, SharedBetweenProcesses, AnswersAnyWindow, FollowsTheClock
):
    """Step 2 without SQLAlchemy."""

    resolution = timedelta(0)

    @pytest.fixture
    def make_tracker(self, path: Path) -> MakeTracker:
        def make(
            *,
            clock: FakeClock,
            window: timedelta = FIVE_MINUTES,
            keep: timedelta | None = None,  # all is kept
        ) -> Sqlite3Tracker:
            return Sqlite3Tracker(path, window=window, resolution=self.resolution, clock=clock)

        return make


class TestSqlite3TrackerKeepsTheContract(Sqlite3Contract):
    """With resolution 0."""


def test_it_keeps_its_promises_in_the_eyes_of_the_type_checker(path: Path) -> None:
    tracker: OnlineTracker = Sqlite3Tracker(path)
    assert (tracker.outages, tracker.overloads) == ((sqlite3.OperationalError,), ())


class TestSqlite3TrackerKeepsTheContractWithAResolution(Sqlite3Contract):
    """With a resolution of half a minute."""

    resolution = THIRTY_SECONDS


def test_the_example_at_the_top_of_the_file_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "instance").mkdir()
    monkeypatch.chdir(tmp_path)
    made = run_example(step2_database.sqlite3_tracker, user=ALICE)
    assert made["tracker"].get_online() == 1


def test_a_user_is_written_once_in_the_resolution_and_no_sooner(path: Path) -> None:
    clock = FakeClock()
    tracker = Sqlite3Tracker(path, resolution=THIRTY_SECONDS, clock=clock)
    tracker.mark_online(ALICE)
    first = clock.now
    clock.now += THIRTY_SECONDS
    tracker.mark_online(ALICE)
    assert tracker.last_seen(ALICE) == first
    clock.now += MICROSECOND
    tracker.mark_online(ALICE)
    assert tracker.last_seen(ALICE) == clock.now


def test_an_id_may_be_text_and_comes_back_as_text(path: Path) -> None:
    clock = FakeClock()
    tracker = Sqlite3Tracker(path, clock=clock)
    for user_id in ("7", 7):
        tracker.mark_online(SimpleNamespace(id=user_id))
        clock.advance(seconds=1)
    assert [user_id for user_id, _ in tracker.online_users()] == [7, "7"]


def test_an_id_that_sqlite_cannot_keep_is_no_outage(path: Path) -> None:
    tracker = Sqlite3Tracker(path)
    with pytest.raises(sqlite3.ProgrammingError) as error:
        tracker.mark_online(SimpleNamespace(id=UUID(int=7)))
    assert not isinstance(error.value, tracker.outages)


def test_a_damaged_file_is_an_outage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    presence = Presence(Sqlite3Tracker(tmp_path / "own.sqlite"))
    presence.record(ALICE)
    assert presence.get_online() == 1
    (tmp_path / "own.sqlite").write_bytes(b"no database" * 500)
    presence.record(ALICE)
    with pytest.raises(PresenceUnknown):
        presence.get_online()
    assert [record.message for record in caplog.records] == [
        "Users are not marked, the presence store fails: OperationalError('file is not a database')"
    ]


def test_a_mark_gives_up_while_another_process_writes_for_long_and_a_count_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step2_database.sqlite3_tracker, "WAIT_SECONDS", 0.01)
    tracker = Sqlite3Tracker(path)
    tracker.mark_online(ALICE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(tracker.outages, match="locked"):
            tracker.mark_online(BOB)
        assert tracker.get_online() == 1


def test_a_mark_commits_nothing_that_a_view_has_half_done(path: Path) -> None:
    with closing(sqlite3.connect(path)) as view:
        view.execute("CREATE TABLE post (body TEXT)")
        tracker = Sqlite3Tracker(path)
        tracker.mark_online(ALICE)
        view.execute("INSERT INTO post VALUES ('half done')")
        assert tracker.get_online() == 1
        view.rollback()
        assert view.execute("SELECT count(*) FROM post").fetchall() == [(0,)]


def test_what_is_there_already_stays_and_a_count_reads_the_index_only(path: Path) -> None:
    Sqlite3Tracker(path).mark_online(ALICE)
    assert Sqlite3Tracker(path).get_online() == 1
    with closing(sqlite3.connect(path)) as database:
        (plan,) = database.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM presence WHERE last_seen > 0")
        assert plan[3].startswith("SEARCH presence USING COVERING INDEX presence_last_seen")


def test_a_mark_waits_for_no_disk_and_for_no_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = Sqlite3Tracker(path)
    connect: Any = sqlite3.connect
    sent: list[str] = []

    def noted(*args: Any, **options: Any) -> Any:
        connection = connect(*args, **options)
        connection.set_trace_callback(sent.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", noted)
    with closing(connect(path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM presence").fetchall() == [(0,)]
        tracker.mark_online(ALICE)
    assert sent[0] == "PRAGMA synchronous = NORMAL"
    assert len(sent) == 2  # and nothing that begins or ends a transaction


def test_the_start_waits_long_for_other_workers_and_a_mark_does_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step2_database.sqlite3_tracker, "WAIT_SECONDS", 0.5)
    connect: Any = sqlite3.connect
    waits: list[float] = []

    def noted(*args: Any, timeout: float, **options: Any) -> Any:
        waits.append(timeout)
        return connect(*args, timeout=timeout, **options)

    monkeypatch.setattr(sqlite3, "connect", noted)
    tracker = Sqlite3Tracker(path)
    assert waits == [10, 10, 10]
    tracker.mark_online(ALICE)
    tracker.get_online()
    assert waits[3:] == [0.5, 0.5]


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_database_in_memory_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="seen by one connection only: name a file"):
        Sqlite3Tracker(path)


def test_a_resolution_below_zero_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="less than zero"):
        Sqlite3Tracker(path, resolution=-MICROSECOND)
