"""recipes/peak_and_curve.py: samples, and a gap where nobody knows."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from recipes import small_app
from recipes.peak_and_curve import create_app
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import RedisServer, wait_until
from tests.helpers.started_steps import ROOT

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


@pytest.fixture
def new_process(
    server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Flask]:
    """Make apps as processes do that share a Redis, a clock, and nothing else."""
    monkeypatch.setenv("FLASK_REDIS_URL", server.url)
    return lambda: create_app(clock)


@pytest.fixture
def client(new_process: Callable[[], Flask]) -> FlaskClient:
    return new_process().test_client()


@pytest.fixture
def sample(new_process: Callable[[], Flask]) -> Callable[[], None]:
    """Do what cron does."""

    def run() -> None:
        result = new_process().test_cli_runner().invoke(args=["sample"])
        assert (result.exit_code, result.exception) == (0, None)

    return run


def test_the_curve_has_the_most_of_each_minute_and_the_peak_is_that_of_all_processes(
    client: FlaskClient,
    sample: Callable[[], None],
    new_process: Callable[[], Flask],
    clock: FakeClock,
) -> None:
    assert client.get("/curve").json == {"peak": None, "curve": {}}
    sample()
    assert client.get("/curve").json == {"peak": 0, "curve": {"08:00": 0}}  # it is known that nobody is here
    clock.advance(minutes=1)
    client.get("/hello", auth=ALICE)
    sample()
    clock.advance(seconds=30)
    new_process().test_client().get("/hello", auth=BOB)
    sample()
    assert client.get("/curve").json == {"peak": 2, "curve": {"08:00": 0, "08:01": 2}}
    clock.advance(minutes=4, seconds=30)
    client.get("/hello", auth=ALICE)
    sample()
    clock.advance(seconds=30)
    sample()  # bob has left, and the most of this minute is what it was
    assert client.get("/curve").json == {"peak": 2, "curve": {"08:00": 0, "08:01": 2, "08:06": 2}}
    clock.advance(seconds=30)
    sample()
    assert client.get("/curve").json == {"peak": 2, "curve": {"08:00": 0, "08:01": 2, "08:06": 2, "08:07": 1}}


def test_each_day_has_a_curve_of_its_own_which_is_forgotten_after_five_weeks(
    client: FlaskClient, sample: Callable[[], None], clock: FakeClock, redis: Redis
) -> None:
    client.get("/hello", auth=ALICE)
    sample()
    clock.advance(hours=16)
    sample()
    assert client.get("/curve").json == {"peak": 0, "curve": {"00:00": 0}}
    for day in ("2026-01-31", "2026-02-01"):
        left = timedelta(seconds=redis.ttl(f"online:curve:{day}"))
        assert timedelta(days=34) < left <= timedelta(days=35)


def test_nothing_is_written_while_redis_is_away(
    client: FlaskClient,
    sample: Callable[[], None],
    clock: FakeClock,
    server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.get("/hello", auth=ALICE)
    sample()
    server.hang()
    clock.advance(minutes=1)
    sample()
    assert "No sample: 503 Service Unavailable: Who is online is unknown" in caplog.text
    assert client.get("/curve").status_code == 503
    server.go_on()
    clock.advance(minutes=1)
    sample()
    assert client.get("/curve").json == {"peak": 1, "curve": {"08:00": 1, "08:02": 1}}


def test_nothing_is_written_while_redis_takes_no_marks_and_still_answers_questions(
    client: FlaskClient, sample: Callable[[], None], clock: FakeClock, redis: Redis
) -> None:
    client.get("/hello", auth=ALICE)
    sample()
    redis.config_set("maxmemory", 1)
    clock.advance(minutes=5)
    client.get("/hello", auth=ALICE)  # is not marked, so a count would be 0
    sample()
    redis.config_set("maxmemory", 0)
    assert client.get("/curve").json == {"peak": 1, "curve": {"08:00": 1}}


@pytest.mark.slow
def test_run_as_it_is_it_samples_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apscheduler")
    served: list[Flask] = []
    monkeypatch.setattr(small_app, "run", served.append)
    scheduler = runpy.run_path(str(ROOT / "recipes/peak_and_curve.py"), run_name="__main__")["scheduler"]
    client = served[0].test_client()
    client.get("/hello", auth=ALICE)
    try:
        (job,) = scheduler.get_jobs()
        assert job.trigger.interval == timedelta(seconds=10)
        job.modify(next_run_time=job.next_run_time - timedelta(seconds=10))  # now
        wait_until(lambda: client.get("/curve").json["peak"] == 1)  # type: ignore[index]
    finally:
        scheduler.shutdown()
