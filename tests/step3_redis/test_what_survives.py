"""What step 3 survives; docs/what-survives.md shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from fakeredis import FakeRedis, FakeServer
from flask import Flask

from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import LOG, NO_PERSISTENCE, SNAPSHOTS, RedisServer, redis_server
from tests.helpers.started_steps import Copy
from tests.helpers.users import ALICE, BOB
from tests.helpers.what_survives import faults, observe, observe_kill, set_back
from tests.step3_redis.conftest import tracker_of

MakeApp = Callable[..., Flask]


@contextmanager
def down(server: RedisServer, end: Callable[[RedisServer], None]) -> Iterator[None]:
    """End it, and start it again afterwards."""
    end(server)
    yield
    server.start()


def test_fault_redis_app_killed(tmp_path: Path, own_server: RedisServer) -> None:
    copy = Copy("step3_redis", tmp_path / "copy")
    observed = observe_kill(copy, {"FLASK_REDIS_URL": own_server.url})
    assert observed == faults()["redis_app_killed"].observed


@pytest.mark.parametrize(
    ("name", "options", "end"),
    [
        ("redis_stopped", SNAPSHOTS, RedisServer.end),
        ("redis_power_cut_none", NO_PERSISTENCE, RedisServer.cut_power),
        ("redis_power_cut_rdb", SNAPSHOTS, RedisServer.cut_power),
        ("redis_power_cut_aof", LOG, RedisServer.cut_power),
    ],
    ids=lambda value: f"fault_{value}" if isinstance(value, str) else "",
)
def test_fault(
    tmp_path: Path, make_app: MakeApp, name: str, options: tuple[str, ...], end: Callable[[RedisServer], None]
) -> None:
    with redis_server(tmp_path, *options) as server, server.client() as client:
        app = make_app(server.url)
        after_alice = client.save if options == SNAPSHOTS else lambda: None
        assert observe(app, down(server, end), after_alice=after_alice) == faults()[name].observed


def test_fault_redis_hung(make_app: MakeApp, own_server: RedisServer) -> None:
    @contextmanager
    def hung() -> Iterator[None]:
        own_server.hang()
        yield
        own_server.go_on()

    assert observe(make_app(own_server.url), hung()) == faults()["redis_hung"].observed


def with_fakeredis(make_app: MakeApp, server: FakeServer, clock: FakeClock) -> Flask:
    """Make an app on a Redis that lives in the test."""
    app = make_app("redis://127.0.0.1:1/0")
    tracker = tracker_of(app)
    tracker._client, tracker._clock = FakeRedis(server=server), clock
    return app


def test_fault_redis_clock_set_back(make_app: MakeApp) -> None:
    clock = FakeClock()
    app = with_fakeredis(make_app, FakeServer(), clock)

    assert observe(app, set_back(clock)) == faults()["redis_clock_set_back"].observed
    clock.advance(minutes=64)
    assert tracker_of(app).get_online() == 2  # alice and bob, for an hour too long
    clock.advance(minutes=1)
    assert tracker_of(app).get_online() == 0


def test_fault_redis_hosts_apart(make_app: MakeApp) -> None:
    server, slows_clock, fasts_clock = FakeServer(), FakeClock(), FakeClock()
    fasts_clock.advance(seconds=5)
    slow = with_fakeredis(make_app, server, slows_clock)
    fast = with_fakeredis(make_app, server, fasts_clock)
    assert observe(slow, nullcontext(), other_host=fast) == faults()["redis_hosts_apart"].observed
    tracker_of(fast).mark_online(ALICE)
    tracker_of(slow).mark_online(BOB)
    for clock in (slows_clock, fasts_clock):
        clock.advance(seconds=295)
    assert BOB.id not in dict(tracker_of(fast).online_users())  # five seconds early
    for clock in (slows_clock, fasts_clock):
        clock.now += timedelta(seconds=10, microseconds=-1)
    assert ALICE.id in dict(tracker_of(slow).online_users())  # five seconds late
