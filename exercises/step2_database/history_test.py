"""Exercise 2.3: a history of samples.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, text

from step2_database.models import db
from tests.helpers.clock import FIVE_MINUTES, FakeClock
from tests.helpers.users import ALICE, BOB

ONE_MINUTE, AN_HOUR, THREE_DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=3)


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
