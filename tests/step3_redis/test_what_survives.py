"""What step 3 survives; docs/what-survives.md shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from tests.contracts.http import StepServer
from tests.helpers.faketime import HostClock
from tests.helpers.redis_server import LOG, NO_PERSISTENCE, SNAPSHOTS, RedisServer, redis_server
from tests.helpers.started_steps import Copy
from tests.helpers.what_survives import faults, observe, observe_clocks, observe_kill

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


def test_fault_redis_clock_set_back(tmp_path: Path, own_server: RedisServer) -> None:
    clock, copy = HostClock(tmp_path), Copy("step3_redis", tmp_path / "copy")
    with copy.demo(settings={**clock.settings, "FLASK_REDIS_URL": own_server.url}) as client:
        carols = StepServer(copy, client).token("carol")
        observed = observe_clocks(client, client, carols, lambda: clock.set("-3600s"))
        assert observed == faults()["redis_clock_set_back"].observed
        clock.set("+240s")
        assert client.online() == 2  # alice and bob, for an hour too long
        clock.set("+310s")
        assert client.online() == 0


def test_fault_redis_hosts_apart(tmp_path: Path, own_server: RedisServer) -> None:
    copy = Copy("step3_redis", tmp_path / "copy")
    fast = HostClock(tmp_path, "+5s")
    redis = {"FLASK_REDIS_URL": own_server.url}
    with copy.demo(settings=redis) as slow_host, copy.demo(settings={**fast.settings, **redis}) as fast_host:
        carols = StepServer(copy, fast_host).token("carol", signed_at=int(time.time()) + 5)
        observed = observe_clocks(fast_host, slow_host, carols)
        assert observed == faults()["redis_hosts_apart"].observed
        fast.set("+301s")
        assert fast_host.online() == 2  # carol, marked by the slow host, has left five seconds early
