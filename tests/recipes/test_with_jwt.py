"""recipes/with_jwt.py: a token that passes all checks marks its user, and no other does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

pytest.importorskip("flask_jwt_extended", reason="pip install -c constraints.txt -e '.[recipes]'")

from flask_jwt_extended import create_access_token, create_refresh_token

from recipes.with_jwt import create_app

pytestmark = pytest.mark.slow


@pytest.fixture
def app() -> Flask:
    return create_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def log_in(client: FlaskClient, name: str) -> str:
    answer = client.post("/login", data={"name": name, "password": "demo"}).json
    assert answer is not None
    return str(answer["token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_request_with_a_good_token_marks_its_user(client: FlaskClient) -> None:
    token = log_in(client, "alice")
    assert client.get("/online").json == {"online": 0}
    assert client.get("/me", headers=bearer(token)).json == {"me": "alice"}
    assert client.get("/online").json == {"online": 1}


def test_who_signs_out_is_offline_and_the_revoked_token_marks_nobody(client: FlaskClient) -> None:
    alice, bob = log_in(client, "alice"), log_in(client, "bob")
    client.get("/me", headers=bearer(bob))
    assert client.post("/logout", headers=bearer(alice)).status_code == 204
    assert client.get("/online").json == {"online": 1}
    assert client.get("/me", headers=bearer(alice)).status_code == 401
    assert client.post("/logout", headers=bearer(alice)).status_code == 401
    assert client.get("/online").json == {"online": 1}


def test_an_inactive_user_is_refused_and_not_marked_although_the_token_is_good(
    app: Flask, client: FlaskClient
) -> None:
    token = log_in(client, "carol")
    app.config["LOCKED_OUT"] = ["carol"]
    assert client.get("/me", headers=bearer(token)).status_code == 401
    assert client.get("/online").json == {"online": 0}
    app.config["LOCKED_OUT"] = []
    assert client.get("/me", headers=bearer(token)).status_code == 200
    assert client.get("/online").json == {"online": 1}


def test_no_token_that_fails_a_check_marks_anybody(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        refused = {
            "expired": create_access_token("alice", expires_delta=timedelta(seconds=-1)),
            "for renewing only": create_refresh_token("alice"),
            "of a user who was deleted": create_access_token("dave"),
        }
    with create_app().app_context():
        refused["signed by another key"] = create_access_token("alice")
    for what, token in refused.items():
        assert client.get("/me", headers=bearer(token)).status_code in {401, 422}, what
    assert client.get("/me").status_code == 401
    assert client.post("/login", data={"name": "alice", "password": "guessed"}).status_code == 401
    assert client.get("/online").json == {"online": 0}
