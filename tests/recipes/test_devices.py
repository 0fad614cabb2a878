"""recipes/devices.py: one user with two devices is one user online, and sees which devices those are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from step3_redis.tracker import RedisTracker
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import redis_server

pytestmark = pytest.mark.slow
pytest.importorskip("cachetools")

from recipes import devices  # noqa: E402  # it imports cachetools

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


def call(client: FlaskClient, device: str | None, auth: tuple[str, str] = ALICE) -> list[str]:
    """Ask from this device for one's own, and return their names, the one seen last first."""
    headers = {} if device is None else {"X-Device": device}
    answer = client.get("/devices", auth=auth, headers=headers)
    return [each["name"] for each in answer.get_json()["devices"]]


def online(client: FlaskClient) -> int:
    count: int = client.get("/online").get_json()["online"]
    return count


def test_two_devices_are_one_user_and_two_users_may_both_have_a_phone() -> None:
    client = devices.create_app().test_client()
    assert call(client, "phone") == ["phone"]
    assert call(client, "laptop") == ["laptop", "phone"]
    assert online(client) == 1
    assert call(client, "phone", BOB) == ["phone"]
    assert call(client, None, BOB) == ["unnamed", "phone"]
    assert online(client) == 2
    assert call(client, "laptop") == ["laptop", "phone"]


def test_a_device_is_gone_when_the_window_has_passed_and_says_when_it_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    clocked = partial(RedisTracker, clock=clock)
    clocked.outages = RedisTracker.outages  # type: ignore[attr-defined]
    monkeypatch.setattr(devices, "RedisTracker", clocked)
    client = devices.create_app().test_client()
    call(client, "phone")
    clock.advance(minutes=2)
    answer = client.get("/devices", auth=ALICE, headers={"X-Device": "laptop"})
    assert answer.get_json()["devices"] == [
        {"name": "laptop", "last_seen": "2026-01-31T08:02:00.123457+00:00"},
        {"name": "phone", "last_seen": "2026-01-31T08:00:00.123457+00:00"},
    ]
    clock.advance(minutes=3)
    assert call(client, "laptop") == ["laptop"]


def test_a_user_has_five_devices_and_the_next_one_is_served_and_not_listed() -> None:
    client = devices.create_app().test_client()
    for number in range(1, 6):
        assert len(call(client, f"device{number}")) == number
    assert call(client, "device6") == [f"device{number}" for number in (5, 4, 3, 2, 1)]
    assert call(client, "device2") == [f"device{number}" for number in (2, 5, 4, 3, 1)]
    assert online(client) == 1


@pytest.mark.parametrize("device", ["", "phone:1", "t\xe9l\xe9phone", "x" * 21, "<img>", "a b"])
def test_a_name_that_is_none_is_refused_in_a_sentence_and_marks_nobody(device: str) -> None:
    client = devices.create_app().test_client()
    answer = client.get("/devices", auth=ALICE, headers={"X-Device": device})
    assert answer.status_code == 400
    assert "choose a name like phone or laptop2." in answer.text
    assert online(client) == 0


def test_nobody_sees_the_devices_of_others_and_a_refused_call_adds_none() -> None:
    client = devices.create_app().test_client()
    call(client, "phone")
    for auth in (None, ("alice", "guessed")):
        answer = client.get("/devices", auth=auth, headers={"X-Device": "burglar"})
        assert answer.status_code == 401
    assert call(client, "phone") == ["phone"]


def test_while_redis_is_away_everybody_is_served_and_the_devices_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as server:
        monkeypatch.setenv("FLASK_REDIS_URL", server.url)
        client, other = devices.create_app().test_client(), devices.create_app().test_client()
        call(client, "phone")
        assert call(other, "laptop") == ["laptop", "phone"]  # two processes
        with server.client() as looking:
            assert 0 < looking.ttl("online:devices-of-1:last-seen") <= 360  # seconds; nothing is left behind
        server.cut_power()
        assert client.get("/hello", auth=ALICE).get_json() == {"hello": "alice"}
        assert client.get("/devices", auth=ALICE).status_code == 503
