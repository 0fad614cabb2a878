"""The exercises of lesson 1. Delete the line that skips one, watch it fail, and build what it asks for."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from step1_dict.tracker import DictTracker
from tests.helpers.apps import bearer, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tracker(clock: FakeClock) -> Any:  # what it is to have, no type checker knows yet
    return DictTracker(clock=clock)


def ids_of(tracker: Any) -> list[Any]:
    return [user_id for user_id, _ in tracker.online_users(limit=10_000)]


@pytest.mark.skip(reason="exercise 1.1: delete this line, then write mark_offline() and POST /api/logout")
def test_exercise_1_1_logout_forgets_the_user_at_once(tracker: Any, clock: FakeClock, app: Flask) -> None:
    for user in (ALICE, BOB, CAROL):
        tracker.mark_online(user)
        clock.advance(minutes=1)
    tracker.mark_offline(BOB)
    assert tracker.get_online() == 2
    assert ids_of(tracker) == [CAROL.id, ALICE.id]
    assert tracker.last_seen(BOB) is None
    for user in (BOB, Someone(4711)):  # gone already, or never here
        tracker.mark_offline(user)
    assert tracker.get_online() == 2

    # the others leave when they would have, and who comes again is back
    clock.advance(minutes=2, microseconds=-1)
    assert ids_of(tracker) == [CAROL.id, ALICE.id]
    clock.advance(microseconds=1)
    assert ids_of(tracker) == [CAROL.id]
    tracker.mark_online(BOB)
    assert ids_of(tracker) == [BOB.id, CAROL.id]
    tracker.mark_offline(CAROL)
    tracker.mark_offline(BOB)
    assert tracker.get_online() == 0

    # the memory of a crowd that logs out is given back as that of a crowd that leaves, though ten stay
    crowd = [Someone(user_id) for user_id in range(1000)]
    for user in crowd:
        tracker.mark_online(user)
    size = sys.getsizeof(tracker._last_seen)
    for user in crowd[10:]:
        tracker.mark_offline(user)
    clock.advance(minutes=4)
    for user in crowd[:10]:
        tracker.mark_online(user)
    clock.advance(minutes=1)
    assert tracker.get_online() == 10
    assert sys.getsizeof(tracker._last_seen) < size / 10

    # over HTTP: the door has just marked whoever logs out
    token = token_of(app, "alice")
    token_of(app, "bob")
    client = app.test_client()
    assert client.post("/api/logout").status_code == 401
    assert online(client) == 2
    answer = client.post("/api/logout", headers=bearer(token))
    assert (answer.status_code, answer.data) == (204, b"")
    assert online(client) == 1
    # the token is still good, and whoever shows it again is here again
    assert client.get("/api/me", headers=bearer(token)).status_code == 200
    assert online(client) == 2


def online(client: FlaskClient) -> Any:
    return client.get("/api/online").json["online"]  # type: ignore[index]


@pytest.mark.skip(reason="exercise 1.2: delete this line, then count those who open the page, by a cookie")
def test_exercise_1_2_guests_are_counted_by_a_cookie(app: Flask, clock: FakeClock) -> None:
    guests: DictTracker = app.extensions["guests"]
    guests._clock = clock
    browser, other = app.test_client(), app.test_client()  # each keeps its own cookies

    def count() -> Any:
        return app.test_client().get("/api/guests").json

    assert count() == {"guests": 0, "minutes": 5}
    random.seed(1)
    given = guest_cookie(browser)
    assert count() == {"guests": 1, "minutes": 5}  # and those who ask are none
    assert (given["max-age"], given["path"]) == ("300", "/")
    assert given["httponly"] and given["samesite"] == "Lax" and not given["secure"]
    random.seed(1)  # whoever knows one id can guess no other
    assert guest_cookie(other).value != given.value and len(given.value) >= 22
    assert count()["guests"] == 2

    # a browser that comes again is the same guest, for another five minutes
    clock.advance(minutes=4)
    again = guest_cookie(browser)
    assert (again.value, again["max-age"]) == (given.value, "300")
    assert count()["guests"] == 2
    clock.advance(minutes=1)
    assert ids_of(guests) == [given.value]
    clock.advance(minutes=4)
    assert count()["guests"] == 0

    # what is no id of ours is not kept, nor cut to fit: the browser gets a new one
    forged = ["", "me", given.value[:-1], given.value + "x", "x" * 4000, "é" * len(given.value)]
    for value in forged:
        forger = app.test_client()
        forger.set_cookie("guest", value)
        assert guest_cookie(forger).value != value
    assert count()["guests"] == len(forged)
    assert not any(value.startswith(kept) for value in forged for kept in ids_of(guests))
    assert guest_cookie(app.test_client(), "https://localhost")["secure"]  # and is sent by HTTPS only

    # a guest is no user, and a user's calls are no guest's
    assert online(browser) == 0
    token = token_of(app, "alice")
    answer = app.test_client().get("/api/me", headers=bearer(token))
    assert "Set-Cookie" not in answer.headers
    assert (online(browser), count()["guests"]) == (1, len(forged) + 1)


def guest_cookie(browser: FlaskClient, base_url: str | None = None) -> Any:
    """Open the page, and return the cookie that came with it."""
    answer = browser.get("/", base_url=base_url)
    assert answer.status_code == 200
    return SimpleCookie(answer.headers["Set-Cookie"])["guest"]


@pytest.mark.skip(reason="exercise 1.3: delete this line, then let DictTracker.peak() tell the day's peak")
def test_exercise_1_3_peak_of_the_utc_day_and_when(tracker: Any, clock: FakeClock, in_beijing: None) -> None:
    def now_is(time: str) -> datetime:
        clock.now = datetime.fromisoformat(f"{time}Z")
        return clock.now

    now_is("2026-01-31 07:00")
    assert tracker.peak() == (0, datetime(2026, 1, 31, tzinfo=UTC))  # nobody since midnight

    # the most at once, and when that was first so; who is seen twice counts once
    tracker.mark_online(ALICE)
    first = now_is("2026-01-31 07:01")
    tracker.mark_online(BOB)
    now_is("2026-01-31 07:02")
    tracker.mark_online(ALICE)
    assert tracker.peak() == (2, first)
    assert tracker.peak()[1].utcoffset() == timedelta(0)

    # who leaves does not lower it, and two again are no new peak, three are
    now_is("2026-01-31 17:00")
    assert tracker.get_online() == 0
    for user in (BOB, CAROL):
        tracker.mark_online(user)
    assert tracker.peak() == (2, first)
    second = now_is("2026-01-31 23:54")
    for user in (ALICE, BOB, CAROL):
        tracker.mark_online(user)
    assert tracker.peak() == (3, second)

    # the next day, of UTC and not of Beijing, begins with those who are online at its midnight,
    # even if nobody comes or asks until they have left
    now_is("2026-01-31 23:58")
    for user in (ALICE, BOB):
        tracker.mark_online(user)
    now_is("2026-02-01 00:10")
    tracker.mark_online(CAROL)
    assert tracker.peak() == (2, datetime(2026, 2, 1, tzinfo=UTC))
    now_is("2026-02-03 12:00")
    assert tracker.peak() == (0, datetime(2026, 2, 3, tzinfo=UTC))

    # a mark looks at nobody else
    for user_id in range(1000):
        tracker.mark_online(Someone(user_id))
    assert lines_run_by(lambda: tracker.mark_online(ALICE)) < 50
    assert tracker.peak() == (1000, clock.now)


def lines_run_by(call: Callable[[], None]) -> int:
    """Count the lines of Python that a call runs."""
    count = 0

    def note(*_: object) -> object:
        nonlocal count
        count += 1
        return note

    sys.settrace(note)  # type: ignore[arg-type]
    try:
        call()
    finally:
        sys.settrace(None)
    return count
