"""redis-8, and all else that a Redis in trouble can do: stop, hang, refuse writes, and come back."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask

from tests.helpers.apps import bearer, own_retry_clock, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import RedisServer, redis_server
from tests.step3_redis.conftest import tracker_of

MakeApp = Callable[..., Flask]


@pytest.fixture
def app(make_app: MakeApp, own_server: RedisServer) -> Flask:
    return make_app(own_server.url)


@pytest.fixture
def retry_clock(app: Flask) -> FakeClock:
    """The clock by which the store is left alone after a failure."""
    return own_retry_clock(app)


def statuses(app: Flask, token: str) -> tuple[int, int]:
    """Send an authenticated request, and ask for the count."""
    client = app.test_client()
    return client.get("/api/me", headers=bearer(token)).status_code, client.get("/api/online").status_code


def test_a_redis_that_was_never_there_fails_no_request_and_the_log_says_why(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app("redis://127.0.0.1:1/0")  # nobody listens there
    assert statuses(app, token_of(app, "alice")) == (200, 503)
    assert "connecting to 127.0.0.1:1" in caplog.text


def test_redis_8_a_hung_redis_costs_one_timeout_and_then_nothing(
    app: Flask, own_server: RedisServer, retry_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(app, "alice")
    attempts: list[str] = []
    tracker = tracker_of(app)
    mark = tracker.mark_online
    tracker.mark_online = lambda user: (attempts.append("mark"), mark(user))[1]  # type: ignore[func-returns-value]

    def in_twenty_threads() -> None:
        """Fail if any of 20 requests hangs or fails; without timeouts it would wait for ever."""
        answers: list[tuple[int, int]] = []
        ask = lambda: answers.append(statuses(app, token))  # noqa: E731
        threads = [Thread(target=ask, daemon=True) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2)
        assert answers == [(200, 503)] * 20

    own_server.hang()
    in_twenty_threads()
    assert len(caplog.records) == 1
    attempts.clear()
    in_twenty_threads()
    assert attempts == []  # left alone
    retry_clock.advance(seconds=5)
    in_twenty_threads()
    assert attempts == ["mark"]  # tried again, by one request only
    assert len(caplog.records) == 1

    own_server.go_on()
    retry_clock.advance(seconds=5)
    assert statuses(app, token) == (200, 200)


OVER_TCP = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "socket_keepalive": True}


@pytest.mark.parametrize(
    ("address", "bounds"),
    [
        ("redis://host/0", OVER_TCP),
        ("rediss://host/0", OVER_TCP),
        ("unix:///run/redis.sock", {"socket_timeout": 0.2}),
    ],
)
def test_redis_8_no_call_may_wait_for_longer_than_a_fifth_of_a_second_or_be_tried_again(
    make_app: MakeApp, address: str, bounds: dict[str, object]
) -> None:
    pool = tracker_of(make_app(address))._client.connection_pool
    told = pool.connection_kwargs
    assert {name: value for name, value in told.items() if name.startswith("socket")} == bounds
    assert (told["retry"]._retries, pool.max_connections) == (0, 10_000)


def test_redis_8_a_deployer_may_let_it_wait_longer(make_app: MakeApp) -> None:
    app = make_app("redis://127.0.0.1:1/0?socket_timeout=3")
    arguments = tracker_of(app)._client.connection_pool.connection_kwargs
    assert (arguments["socket_timeout"], arguments["socket_connect_timeout"]) == (3, 0.2)


def test_no_thread_is_refused_a_connection(app: Flask) -> None:
    pool = tracker_of(app)._client.connection_pool
    connections = [pool.get_connection() for _ in range(150)]  # redis-py's own limit is 100
    for connection in connections:
        pool.release(connection)


REFUSALS = {
    "a replica that takes no writes": ("REPLICAOF", "127.0.0.1", "1"),
    "too few replicas": ("CONFIG", "SET", "min-replicas-to-write", "3"),
    "no memory left": ("CONFIG", "SET", "maxmemory", "1"),
}


@pytest.mark.parametrize("command", REFUSALS.values(), ids=REFUSALS.keys())
def test_where_writes_are_refused_and_reads_answered_the_count_is_unknown(
    app: Flask, own_server: RedisServer, caplog: pytest.LogCaptureFixture, command: tuple[str, ...]
) -> None:
    token = token_of(app, "alice")
    with own_server.client() as client:
        client.execute_command(*command)
    assert tracker_of(app).get_online() == 1  # it could be read, and would decay to a believable 0
    for _ in range(3):
        assert statuses(app, token) == (200, 503)
    assert len(caplog.records) == 1


def test_a_key_that_is_something_else_is_an_outage_and_no_crash(app: Flask, own_server: RedisServer) -> None:
    with own_server.client() as client:
        client.set("online:last-seen", "text")
    assert statuses(app, token_of(app, "alice")) == (200, 503)


class Names:
    """A name service of the test's own: redis.example leads to whichever server it says."""

    def __init__(self) -> None:
        self.leads_to: RedisServer | None = None
        self._look_up = socket.getaddrinfo

    def getaddrinfo(self, host: str, *arguments: Any, **options: Any) -> Any:
        if host != "redis.example":
            return self._look_up(host, *arguments, **options)
        assert self.leads_to
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", self.leads_to.port))]


def test_a_failover_by_name_is_followed_although_the_old_primary_lives_on_as_a_replica(
    tmp_path: Path, make_app: MakeApp, own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with redis_server(folder) as other:
        names = Names()
        names.leads_to = own_server
        monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
        app = make_app("redis://redis.example/0")
        retry_clock = own_retry_clock(app)
        token = token_of(app, "alice")
        assert statuses(app, token) == (200, 200)
        with own_server.client() as admin:
            admin.replicaof("127.0.0.1", str(other.port))
            names.leads_to = other
            assert statuses(app, token) == (200, 503)  # READONLY, on the connection that is there
            retry_clock.advance(seconds=5)
            assert statuses(app, token) == (200, 200)
            with other.client() as new_primary:
                assert new_primary.zcard("online:last-seen") == 1
            admin.replicaof("NO", "ONE")
