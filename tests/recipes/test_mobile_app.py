"""recipes/mobile_app.py: what the app's client does in the foreground, in the background, and after a 401."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from recipes.mobile_app import create_app
from tests.helpers.apps import bearer
from tests.helpers.clock import FakeClock


@pytest.fixture
def app(clock: FakeClock) -> Flask:
    return create_app(clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Phone:
    """What a client does, which knows no password once it has signed in."""

    def __init__(self, client: FlaskClient, name: str) -> None:
        self.client = client
        self.keep(client.post("/tokens", auth=(name, "demo")).json)

    def keep(self, tokens: dict[str, str] | None) -> None:
        assert tokens is not None
        self.token, self.renewal = tokens["token"], tokens["renewal"]

    def beat(self) -> int:
        """Send a heartbeat; after a 401 renew the token, and send it once more."""
        status = self.client.post("/here", headers=bearer(self.token)).status_code
        if status == 401 and self.renew() == 200:
            status = self.client.post("/here", headers=bearer(self.token)).status_code
        return status

    def renew(self) -> int:
        answer = self.client.post("/tokens", headers=bearer(self.renewal))
        if answer.status_code == 200:
            self.keep(answer.json)
        return answer.status_code


def online(client: FlaskClient) -> int:
    answer = client.get("/online").json
    assert answer is not None
    return int(answer["online"])


def test_an_hour_in_the_foreground_is_online_all_the_time(client: FlaskClient, clock: FakeClock) -> None:
    phone = Phone(client, "alice")
    first_token = phone.token
    for _ in range(60):
        clock.advance(minutes=1)
        assert phone.beat() == 204
        assert online(client) == 1
    assert phone.token != first_token


def test_the_background_is_not_leaving_and_the_window_decides(client: FlaskClient, clock: FakeClock) -> None:
    phone = Phone(client, "alice")
    phone.beat()
    clock.advance(minutes=4, seconds=59)  # a look at another app
    assert online(client) == 1
    clock.advance(seconds=1)
    assert online(client) == 0
    clock.advance(hours=8)
    assert phone.beat() == 204  # shown again: at once, and not a minute later
    assert online(client) == 1


def test_a_renewal_in_the_background_marks_nobody(client: FlaskClient, clock: FakeClock) -> None:
    phone = Phone(client, "alice")
    clock.advance(minutes=6)
    assert phone.renew() == 200
    assert online(client) == 0


def test_an_expired_token_and_a_renewal_are_no_heartbeat(client: FlaskClient, clock: FakeClock) -> None:
    phone = Phone(client, "alice")
    clock.advance(seconds=599)
    assert client.post("/here", headers=bearer(phone.token)).status_code == 204
    clock.advance(minutes=5, seconds=1)
    for refused in (phone.token, phone.renewal, f"x{phone.token}", ""):
        assert client.post("/here", headers=bearer(refused)).status_code == 401
    assert online(client) == 0
    assert client.post("/tokens", headers=bearer(phone.token)).status_code == 401


def test_a_phone_that_was_off_for_a_month_has_to_sign_in_again(client: FlaskClient, clock: FakeClock) -> None:
    phone = Phone(client, "alice")
    clock.advance(days=30)
    assert phone.renew() == 401
    assert phone.beat() == 401


def test_an_inactive_user_can_neither_go_on_nor_renew(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone, bobs = Phone(client, "alice"), Phone(client, "bob")
    clock.advance(minutes=5)
    app.config["LOCKED_OUT"] = ["alice"]
    assert phone.beat() == 401
    assert bobs.beat() == 204
    assert online(client) == 1
