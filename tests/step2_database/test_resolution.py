"""Resolution: how stale last_seen may be, and what that does to who is online."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from step2_database.tracker import DatabaseTracker
from tests.helpers.apps import bearer, token_of
from tests.helpers.clock import FIVE_MINUTES
from tests.step2_database.conftest import MakeApp, clock_of, tracker_of


@pytest.fixture
def backend() -> str:
    """What resolution does is the same on all; the statements are counted on each elsewhere."""
    return "sqlite"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(ONLINE_RESOLUTION_SECONDS=30)


@pytest.mark.parametrize(("resolution", "at_five"), [(0, 1), (30, 0)])
def test_the_timeline_of_the_lesson(make_app: MakeApp, resolution: int, at_five: int) -> None:
    """Alice calls at 10:00:00 and at 10:00:20; what is stored of the second call depends."""
    app = make_app(ONLINE_RESOLUTION_SECONDS=resolution)
    clock, client = clock_of(app), app.test_client()
    clock.now = datetime(2026, 1, 31, 10, 0, 0, tzinfo=UTC)
    headers = bearer(token_of(app, "alice"))
    clock.advance(seconds=20)
    client.get("/api/me", headers=headers)
    online = {}
    for minute, second in ((0, 20), (4, 59), (5, 0), (5, 20)):
        clock.now = clock.now.replace(minute=minute, second=second)
        online[f"10:0{minute}:{second:02}"] = client.get("/api/online").json["online"]  # type: ignore[index]
    assert online == {"10:00:20": 1, "10:04:59": 1, "10:05:00": at_five, "10:05:20": 0}


def test_a_resolution_of_ages_is_no_overflow(make_app: MakeApp) -> None:
    app = make_app(ONLINE_MINUTES=1e12, ONLINE_RESOLUTION_SECONDS=1e12)
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]


def test_the_answer_says_its_resolution(app: Flask) -> None:
    answer = app.test_client().get("/api/online").json
    assert answer == {"online": 0, "minutes": 5, "resolution_seconds": 30}


@pytest.mark.parametrize(
    ("window", "resolution", "reason"),
    [
        (FIVE_MINUTES, FIVE_MINUTES, "within the resolution"),
        (FIVE_MINUTES, timedelta(hours=1), "within the resolution"),
        (FIVE_MINUTES, timedelta(microseconds=-1), "less than zero"),
    ],
)
def test_a_resolution_that_cannot_be_is_refused(
    app: Flask, window: timedelta, resolution: timedelta, reason: str
) -> None:
    given = tracker_of(app)
    with pytest.raises(ValueError, match=reason):
        DatabaseTracker(
            app.extensions["sqlalchemy"].metadata.tables["users"],
            writing=given._writing,
            reading=given._reading,
            window=window,
            resolution=resolution,
        )
