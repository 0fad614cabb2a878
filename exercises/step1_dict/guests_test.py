"""Exercise 1.2: guests are counted by a cookie.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

import random
from http.cookies import SimpleCookie
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from step1_dict.tracker import DictTracker
from tests.helpers.apps import bearer, token_of
from tests.helpers.clock import FakeClock


def ids_of(tracker: Any) -> list[Any]:
    return [user_id for user_id, _ in tracker.online_users(limit=10_000)]


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
    assert count() == {"guests": 1, "minutes": 5}  # and those who ask are no guests
    assert (given["max-age"], given["path"]) == ("300", "/")
    assert given["httponly"] and given["samesite"] == "Lax" and not given["secure"]
    random.seed(1)  # with one id nobody can guess another
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

    # what cannot be an id of ours is not kept, and not cut to fit: the browser gets a new one
    forged = ["", "me", given.value[:-1], given.value + "x", "x" * 4000, "é" * len(given.value)]
    for value in forged:
        forger = app.test_client()
        forger.set_cookie("guest", value)
        assert guest_cookie(forger).value != value
    assert count()["guests"] == len(forged)
    assert not any(value.startswith(kept) for value in forged for kept in ids_of(guests))
    assert guest_cookie(app.test_client(), "https://localhost")["secure"]  # and is sent by HTTPS only

    # a guest is not counted as a user, and a user's calls are not those of a guest
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
