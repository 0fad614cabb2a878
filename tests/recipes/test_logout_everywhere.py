"""recipes/logout_everywhere.py: no older session brings a user back who has logged out everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from recipes.logout_everywhere import create_app
from step1_dict.tracker import DictTracker
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import redis_server

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


class TrackerWithVisitors(DictTracker):
    """Lets somebody call the moment a user has been marked offline."""

    then: Callable[[], object] = staticmethod(lambda: None)

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        super().mark_offline(user, tail)
        self.then()


def device(app: Flask, auth: tuple[str, str] = ALICE) -> FlaskClient:
    """Return a browser that has just signed in."""
    client = app.test_client()
    assert client.post("/login", auth=auth).status_code == 204
    return client


def online(app: Flask) -> int:
    count: int = app.test_client().get("/online").get_json()["online"]
    return count


def test_every_session_of_the_user_ends_and_no_other_and_a_new_one_is_let_in() -> None:
    app = create_app()
    phone, laptop, bob = device(app), device(app), device(app, BOB)
    assert [each.get("/me").json for each in (phone, laptop, bob)] == [
        {"name": "alice"},
        {"name": "alice"},
        {"name": "bob"},
    ]
    assert online(app) == 2
    assert phone.post("/logout-everywhere").status_code == 204
    assert online(app) == 1
    assert [each.get("/me").status_code for each in (phone, laptop, bob)] == [401, 401, 200]
    assert laptop.post("/logout-everywhere").status_code == 401
    assert online(app) == 1  # a refused request marks nobody
    again = device(app)
    assert again.get("/me").json == {"name": "alice"}
    assert [each.get("/me").status_code for each in (phone, laptop)] == [401, 401]
    assert online(app) == 2


def test_a_request_of_another_device_at_that_very_moment_brings_nobody_back() -> None:
    tracker = TrackerWithVisitors()
    app = create_app(tracker)
    phone, laptop = device(app), device(app)
    answers = []
    tracker.then = lambda: answers.append(laptop.get("/me").status_code)
    phone.post("/logout-everywhere")
    assert answers == [401]
    assert online(app) == 0


def test_each_request_of_a_session_marks_its_user() -> None:
    clock = FakeClock()
    app = create_app(DictTracker(clock=clock))
    phone = device(app)
    clock.advance(minutes=5)
    assert online(app) == 0
    phone.get("/me")
    assert online(app) == 1


def test_nobody_signs_out_for_somebody_else() -> None:
    app = create_app()
    alice = device(app)
    stranger = app.test_client()
    assert stranger.post("/logout-everywhere").status_code == 401
    stranger.set_cookie("session", "eyJuYW1lIjoiYWxpY2UifQ.made.up")
    assert stranger.post("/logout-everywhere").status_code == 401
    assert alice.get("/me").status_code == 200
    assert app.test_client().post("/login", auth=("alice", "guessed")).status_code == 401
    cookie = alice.post("/login", auth=ALICE).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_while_redis_is_away_nobody_is_let_in_and_after_it_has_forgotten_all_everybody_signs_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as server:
        monkeypatch.setenv("FLASK_REDIS_URL", server.url)
        app = create_app(DictTracker())
        phone = device(app)
        assert phone.get("/me").status_code == 200
        server.cut_power()
        for path, call in (("/me", phone.get), ("/logout-everywhere", phone.post)):
            assert (call(path).status_code, call(path).text) == (
                503,
                "Sessions cannot be checked: try later.",
            )
        server.start()  # without what it knew
        assert phone.get("/me").status_code == 401
        assert device(app).get("/me").status_code == 200
