"""recipes/today_and_this_month.py: different users a day, and their union."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from common import presence
from recipes import today_and_this_month
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import RedisServer

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 30, 23, 0, tzinfo=UTC))


@pytest.fixture(params=["fakeredis", "redis"])
def app(request: pytest.FixtureRequest, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Flask:
    if request.param == "redis":
        monkeypatch.setenv("FLASK_REDIS_URL", request.getfixturevalue("server").url)
    return today_and_this_month.create_app(clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_user_counts_once_a_day_and_once_a_month(client: FlaskClient, clock: FakeClock) -> None:
    assert client.get("/actives").json == {"today": 0, "this_month": 0}
    for user in (ALICE, BOB, ALICE):
        client.get("/hello", auth=user)
    assert client.get("/actives").json == {"today": 2, "this_month": 2}
    clock.advance(hours=1)  # the last day of January
    assert client.get("/actives").json == {"today": 0, "this_month": 2}
    client.get("/hello", auth=ALICE)
    assert client.get("/actives").json == {"today": 1, "this_month": 2}
    clock.advance(days=1)  # the first of February
    assert client.get("/actives").json == {"today": 0, "this_month": 0}
    client.get("/hello", auth=BOB)
    assert client.get("/actives").json == {"today": 1, "this_month": 1}
    assert client.get("/online").json == {"online": 1}


def test_a_day_begins_at_midnight_in_the_zone(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today_and_this_month, "ZONE", ZoneInfo("Asia/Shanghai"))
    client = today_and_this_month.create_app(clock).test_client()
    client.get("/hello", auth=ALICE)  # on the 31st, at seven in the morning
    clock.advance(hours=17, microseconds=-1)
    assert client.get("/actives").json == {"today": 1, "this_month": 1}
    clock.advance(microseconds=1)
    assert client.get("/actives").json == {"today": 0, "this_month": 0}


@pytest.mark.parametrize("app", ["redis"], indirect=True)
def test_the_estimate_is_good_to_a_few_per_cent_and_small_and_is_forgotten(app: Flask, redis: Redis) -> None:
    with app.app_context():
        for user_id in range(3000):
            presence.record(user_id)
    today = app.test_client().get("/actives").json["today"]  # type: ignore[index]
    assert 2900 <= today <= 3100
    assert (redis.memory_usage("online:day:2026-01-30") or 0) in range(1, 15_000)  # bytes, however many
    assert timedelta(days=61) < timedelta(seconds=redis.ttl("online:day:2026-01-30")) <= timedelta(days=62)


@pytest.mark.parametrize("app", ["redis"], indirect=True)
def test_how_many_came_is_unknown_while_redis_is_away(client: FlaskClient, server: RedisServer) -> None:
    client.get("/hello", auth=ALICE)
    server.end()
    assert client.get("/actives").status_code == 503
    assert client.get("/hello", auth=ALICE).status_code == 200
