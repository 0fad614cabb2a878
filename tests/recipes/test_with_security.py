"""recipes/with_security.py: whom Flask-Security lets in is marked, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

pytest.importorskip("flask_security", reason="pip install -c constraints.txt -e '.[recipes]'")

from recipes.with_security import create_app, db

pytestmark = pytest.mark.slow
JSON = {"Accept": "application/json"}


@pytest.fixture
def app() -> Iterator[Flask]:
    app = create_app()
    yield app
    with app.app_context():
        db.engine.dispose()


def log_in(client: FlaskClient, name: str, password: str = "demo") -> str | None:
    shown = {"email": f"{name}@example.com", "password": password}
    answer = client.post("/login?include_auth_token", json=shown)
    assert answer.json is not None
    return str(answer.json["response"]["user"]["authentication_token"]) if answer.status_code == 200 else None


def set_active(app: Flask, name: str, active: bool) -> None:
    users = app.extensions["security"].datastore
    with app.app_context():
        users.find_user(email=f"{name}@example.com").active = active
        users.commit()


def test_a_session_and_a_token_both_mark_their_user(app: Flask) -> None:
    browser, script, stranger = app.test_client(), app.test_client(), app.test_client()
    assert log_in(browser, "alice")
    assert stranger.get("/online").json == {"online": 0}  # who signs in is marked with the next request
    assert browser.get("/me").json == {"me": "alice@example.com"}
    assert stranger.get("/online").json == {"online": 1}
    token = log_in(app.test_client(), "bob")
    assert script.get("/me", headers={"Authentication-Token": str(token)}).json == {"me": "bob@example.com"}
    assert stranger.get("/online").json == {"online": 2}


def test_an_inactive_user_is_refused_and_not_marked_in_the_middle_of_a_session(app: Flask) -> None:
    browser, stranger = app.test_client(), app.test_client()
    log_in(browser, "alice")
    set_active(app, "alice", False)
    assert browser.get("/me", headers=JSON).status_code == 401
    assert stranger.get("/online").json == {"online": 0}
    assert log_in(app.test_client(), "alice") is None
    set_active(app, "alice", True)
    assert browser.get("/me", headers=JSON).status_code == 200
    assert stranger.get("/online").json == {"online": 1}


def test_who_signs_out_is_offline_although_that_request_was_marked(app: Flask) -> None:
    browser, stranger = app.test_client(), app.test_client()
    log_in(browser, "alice")
    browser.get("/me")
    assert stranger.get("/online").json == {"online": 1}
    assert browser.post("/logout", headers=JSON).status_code in {200, 302}
    assert stranger.get("/online").json == {"online": 0}
    assert browser.get("/me", headers=JSON).status_code == 401
    assert stranger.get("/online").json == {"online": 0}


def test_requests_for_nothing_mark_nobody(app: Flask) -> None:
    browser, stranger = app.test_client(), app.test_client()
    log_in(browser, "alice")
    assert browser.get("/no-such-page").status_code == 404
    assert browser.get("/static/no-such-picture.png").status_code == 404
    assert log_in(stranger, "bob", "guessed") is None
    assert stranger.get("/me", headers=JSON).status_code == 401
    assert stranger.get("/online").json == {"online": 0}
