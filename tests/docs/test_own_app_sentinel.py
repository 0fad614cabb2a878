"""docs/own_app/online_sentinel: three Sentinels watch a Redis and its replica, and fail it over."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.exceptions import ServiceUnavailable

from tests.helpers.apps import own_retry_clock
from tests.helpers.redis_sentinel import Watched, redis_with_sentinels
from tests.helpers.redis_server import wait_until
from tools.lift import lift


@pytest.fixture
def online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The folder online/ of the page, for an app behind Sentinels."""
    lift("step3_sentinel", tmp_path / "online")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("online")
    for name in [name for name in sys.modules if name.partition(".")[0] == "online"]:
        del sys.modules[name]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """The servers of the test."""
    with redis_with_sentinels(tmp_path) as watched:
        yield watched


def count_or_none(app: Flask) -> int | None:
    """Ask the app how many are online; None while it is unknown."""
    try:
        count: int = app.extensions["presence"].get_online()
    except ServiceUnavailable:
        return None
    return count


def mark(app: Flask, *users: int) -> None:
    """Let users send a request each."""
    for user in users:
        app.extensions["presence"].record(user)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["killed", "hung"])
def test_a_failover_is_followed_and_forgets_nobody(
    online: ModuleType, watched: Watched, trouble: str
) -> None:
    app = Flask("own")
    app.config["REDIS_SENTINELS"] = watched.addresses
    online.init_online(app)
    clock = own_retry_clock(app)
    mark(app, 1, 2)
    assert count_or_none(app) == 2
    with watched.replica.client() as replica:
        wait_until(lambda: replica.zcard("own:last-seen") == 2)  # what it has not yet, a failover forgets

    watched.sentinels[0].cut_power()
    watched.primary.cut_power() if trouble == "killed" else watched.primary.hang()
    mark(app, 3)
    assert count_or_none(app) is None
    wait_until(watched.is_failed_over)
    assert count_or_none(app) is None  # left alone for five seconds
    clock.advance(seconds=5)
    mark(app, 3)
    assert count_or_none(app) == 3
    if trouble == "hung":
        watched.primary.go_on()  # it still takes itself for the primary
        mark(app, 4)
        assert count_or_none(app) == 4
    app.extensions["presence"].tracker._client.close()


def test_sentinels_and_redis_are_asked_with_the_same_timeouts_and_no_second_try(online: ModuleType) -> None:
    app = Flask("own")
    app.config["REDIS_SENTINELS"] = [["127.0.0.1", 1]]
    online.init_online(app)
    pool = app.extensions["presence"].tracker._client.connection_pool
    asked = [sentinel.connection_pool.connection_kwargs for sentinel in pool.sentinel_manager.sentinels]
    limits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
    for told in [pool.connection_kwargs, *asked]:
        assert told.items() >= limits.items()
    assert [(told["host"], told["port"]) for told in asked] == [("127.0.0.1", 1)]
    assert (pool.service_name, pool.is_master, pool.max_connections) == ("mymaster", True, 10_000)
    assert app.extensions["presence"].tracker.key == "own:last-seen"


def test_what_step_3_can_be_told_it_can_be_told_behind_sentinels_too(online: ModuleType) -> None:
    app = Flask("own")
    app.config["REDIS_SENTINELS"] = [["127.0.0.1", 1]]
    minute = timedelta(minutes=1)
    online.init_online(app, prefix="tests", window=2 * minute, keep=60 * minute, parse_id=str)
    tracker = app.extensions["presence"].tracker
    assert (tracker.key, tracker.window, tracker.keep) == ("tests:last-seen", 2 * minute, 60 * minute)
    assert tracker._parse_id("one") == "one"
