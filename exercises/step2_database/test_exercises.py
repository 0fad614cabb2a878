"""The exercises of lesson 2. Delete the line that skips one, watch it fail, and build what it asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, text

from step2_database.models import db
from tests.helpers.clock import FIVE_MINUTES, FakeClock
from tests.helpers.users import ALICE, BOB, CAROL
from tests.step2_database.conftest import clock_of, noted, tracker_of

ONE_MINUTE, AN_HOUR, THREE_DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=3)


@pytest.fixture
def tracker(app: Flask) -> Any:  # what it is to have, no type checker knows yet
    return tracker_of(app)


@pytest.fixture
def clock(app: Flask) -> FakeClock:
    return clock_of(app)


@pytest.fixture
def read(tracker: Any) -> list[str]:
    """What the engine for reading is asked, from now on."""
    statements: list[str] = []
    event.listen(tracker._reading, "before_cursor_execute", lambda *of: statements.append(of[2]))
    return statements


@pytest.mark.skip(reason="exercise 2.1: delete this line, then write DatabaseTracker.online_among()")
def test_exercise_2_1_friends_who_are_online(
    app: Flask, tracker: Any, clock: FakeClock, read: list[str]
) -> None:
    tracker.mark_online(ALICE)
    clock.advance(minutes=4)
    tracker.mark_online(BOB)
    everyone = [ALICE.id, BOB.id, CAROL.id]
    assert tracker.online_among(everyone) == {ALICE.id, BOB.id}
    assert tracker.online_among({ALICE.id, CAROL.id, 4711}) == {ALICE.id}  # and 4711 is nobody
    assert tracker.online_among([BOB.id, BOB.id]) == {BOB.id}

    # the window's edge is where it always is, and whoever was never seen is in no window
    clock.advance(minutes=1, microseconds=-1)
    assert tracker.online_among(everyone) == {ALICE.id, BOB.id}
    clock.advance(microseconds=1)
    assert tracker.online_among(everyone) == {BOB.id}
    assert tracker.online_among(everyone, ONE_MINUTE) == set()
    assert tracker.online_among(everyone, timedelta.max) == {ALICE.id, BOB.id}
    with pytest.raises(ValueError, match="more than zero"):
        tracker.online_among(everyone, timedelta(0))
    with pytest.raises(TypeError, match=r"timedelta\(minutes=5\)"):
        tracker.online_among(everyone, 5)

    # one SELECT of those asked for, on the engine for reading; of nobody, none
    read.clear()
    with noted(app) as sent:
        tracker.online_among(everyone)
    assert len(sent) == len(read) == 1
    assert sent[0].startswith("SELECT") and " IN (" in sent[0]
    with noted(app) as sent:
        assert tracker.online_among([]) == set()
        # more than a statement may have, which the database would refuse, and the refusal look like an outage
        with pytest.raises(ValueError, match="ids"):
            tracker.online_among(range(1_000_000))
    assert sent == []


@pytest.mark.skip(reason="exercise 2.2: delete this line, then write DatabaseTracker.get_online_each()")
def test_exercise_2_2_windows_that_are_counted_at_once(
    app: Flask, tracker: Any, clock: FakeClock, read: list[str]
) -> None:
    assert tracker.get_online_each([ONE_MINUTE, THREE_DAYS]) == [0, 0]
    tracker.mark_online(ALICE)
    clock.advance(days=2)
    tracker.mark_online(BOB)
    clock.advance(minutes=4)
    tracker.mark_online(CAROL)
    windows = [FIVE_MINUTES, ONE_MINUTE, THREE_DAYS, FIVE_MINUTES, timedelta.max]
    assert tracker.get_online_each(windows) == [2, 1, 3, 2, 3]
    assert tracker.get_online_each([ONE_MINUTE]) == [1]

    # the edges are where they always are
    clock.advance(minutes=1, microseconds=-1)
    assert tracker.get_online_each([ONE_MINUTE, FIVE_MINUTES]) == [1, 2]
    clock.advance(microseconds=1)
    assert tracker.get_online_each([ONE_MINUTE, FIVE_MINUTES]) == [0, 1]
    with pytest.raises(ValueError, match="more than zero"):
        tracker.get_online_each([FIVE_MINUTES, timedelta(0)])
    with pytest.raises(TypeError, match=r"timedelta\(minutes=5\)"):
        tracker.get_online_each([FIVE_MINUTES, 5])

    # one statement that every database knows, and that reads no row older than the longest window
    read.clear()
    with noted(app) as sent:
        tracker.get_online_each([ONE_MINUTE, AN_HOUR, FIVE_MINUTES])
    assert len(sent) == len(read) == 1
    assert sent[0].count("SELECT") == 1 and "FILTER" not in sent[0]
    assert "WHERE users.last_seen >" in sent[0]
    with noted(app) as sent:
        assert tracker.get_online_each([]) == []
    assert sent == []


@pytest.mark.skip(reason="exercise 2.3: delete this line, then write the table, the command and peak_of()")
def test_exercise_2_3_history_of_samples_and_its_peaks(
    app: Flask, tracker: Any, clock: FakeClock, in_beijing: None
) -> None:
    # flask --app step2_database.app sample-online, once a minute; the time is the tracker's
    for user in (ALICE, BOB):
        tracker.mark_online(user)
    assert sample(app) == (0, "Wrote 2 online at 2026-01-31T08:00:00.123457+00:00.\n")
    clock.advance(minutes=5)
    assert sample(app) == (0, "Wrote 0 online at 2026-01-31T08:05:00.123457+00:00.\n")
    assert samples(app) == [(clock.now - FIVE_MINUTES, 2), (clock.now, 0)]

    # while the store fails: one sentence, another exit status, and no 0 that looks like nobody
    rename(app, "users", "elsewhere")
    clock.advance(minutes=1)
    status, said = sample(app)
    assert status != 0
    assert said.startswith("Error: ") and said.endswith(".\n") and said.count("\n") == 1
    assert len(samples(app)) == 2
    rename(app, "elsewhere", "users")
    rename(app, "online_samples", "lost")
    status, said = sample(app)
    assert status != 0
    assert said.startswith("Error: ") and said.endswith(".\n") and said.count("\n") == 1
    rename(app, "lost", "online_samples")

    # the peak of a day of UTC, which ends before its midnight; of two that are equal, the earlier
    history = import_module("step2_database.history")
    noon, midnight = datetime(2026, 2, 2, 12, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC)
    last_moment = datetime(2026, 2, 4, 23, 59, 59, 999999, tzinfo=UTC)
    taken = {noon + AN_HOUR: 7, noon: 7, noon - AN_HOUR: 3, midnight: 9, last_moment: 5}
    with app.app_context(), db.engine.begin() as connection:
        table = db.metadata.tables["online_samples"]
        connection.execute(insert(table), [{"at": at, "online": online} for at, online in taken.items()])
    with app.app_context():
        assert history.peak_of(date(2026, 1, 31)) == (2, clock.now - timedelta(minutes=6))
        assert history.peak_of(date(2026, 2, 1)) is None
        assert history.peak_of(date(2026, 2, 2)) == (7, noon)
        assert history.peak_of(date(2026, 2, 3)) == (9, midnight)
        assert history.peak_of(date(2026, 2, 4)) == (5, last_moment)
        assert history.peak_of(date(2026, 2, 4))[1].utcoffset() == timedelta(0)
        assert history.peak_of(date(2026, 2, 5)) is None


def sample(app: Flask) -> tuple[int, str]:
    """Run the command, and return its exit status and what it says."""
    result = app.test_cli_runner().invoke(args=["sample-online"])
    return result.exit_code, result.output


def samples(app: Flask) -> list[tuple[datetime, int]]:
    """Return what is in the table, the oldest first."""
    with app.app_context(), db.engine.connect() as connection:
        table = db.metadata.tables["online_samples"]
        rows = connection.execute(select(table.c.at, table.c.online).order_by(table.c.at))
        return [(row.at, row.online) for row in rows]


def rename(app: Flask, table: str, name: str) -> None:
    """Rename a table, so that the app finds it no more, or finds it again."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
