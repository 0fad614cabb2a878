"""Step 3 on fakeredis, and on a real Redis."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from flask import Flask
from redis import Redis

from common.accounts import add_account, create_tables
from common.presence import Presence
from step3_redis.app import create_app
from step3_redis.models import db
from step3_redis.sharded import ShardedTracker
from step3_redis.sparing import SparingTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.apps import QUICK_HASH
from tests.helpers.redis_server import RedisServer, redis_server

MakeClient = Callable[..., Redis]


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis: TEST_REDIS_URL, or one that the tests start."""
    if address := os.environ.get("TEST_REDIS_URL"):
        yield address
    else:
        with redis_server(tmp_path_factory.mktemp("redis")) as server:
            yield server.url


@pytest.fixture(params=["fakeredis", "redis"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each in turn; a test may name the one it is about."""
    name: str = request.param
    return name


@pytest.fixture
def make_client(backend: str, request: pytest.FixtureRequest) -> Iterator[MakeClient]:
    """Make clients of one and the same Redis."""
    connect: Callable[..., Redis]
    if backend == "fakeredis":
        connect = partial(FakeRedis, server=FakeServer())
    else:
        connect = partial(Redis.from_url, request.getfixturevalue("shared_server"))
    clients: list[Redis] = []

    def make(**options: Any) -> Redis:
        made = connect(**options)
        clients.append(made)
        return made

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Redis:
    """A client that answers with text, to look with."""
    return make_client(decode_responses=True)


@pytest.fixture
def prefix(client: Redis) -> Iterator[str]:
    """A prefix of the test's own; what is under it is removed afterwards, and nothing else."""
    name = f"cookbook-test-{secrets.token_hex(4)}"
    yield name
    for key in client.scan_iter(f"{name}*"):
        client.delete(key)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A real Redis that this test alone uses, and may stop or hang."""
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Make apps with the users alice, bob and carol, whose ids are 1 to 3."""
    apps: list[Flask] = []

    def make(url: str, **settings: Any) -> Flask:
        app = create_app({
            "SECRET_KEY": "a test's own key",
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users-{len(apps)}.sqlite",
            "PASSWORD_HASH_METHOD": QUICK_HASH,
            "REDIS_URL": url,
            **settings,
        })  # fmt: skip
        apps.append(app)
        with app.app_context():
            create_tables()
            for name in ("alice", "bob", "carol"):
                add_account(name, "demo")
        return app

    yield make
    for app in apps:
        client_of(app).close()
        with app.app_context():
            db.engine.dispose()


def round_trips(client: Redis, call: Callable[[], object]) -> int:
    """Return how often the call sends something to the server by this client, and so waits for an answer."""
    client.ping()  # connects: what introduces a connection is not counted
    connection: Any = client.connection_pool.get_connection()
    client.connection_pool.release(connection)
    sends: list[Any] = []
    send = connection.send_packed_command

    def note(packed: Any, **options: Any) -> None:
        sends.append(packed)
        send(packed, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "send_packed_command", note)
        call()
    return len(sends)


def tracker_of(app: Flask) -> Any:
    """Return the app's tracker."""
    presence: Presence = app.extensions["presence"]
    assert isinstance(presence.tracker, RedisTracker | ShardedTracker | SparingTracker)
    return presence.tracker


def client_of(app: Flask) -> Any:
    """Return the client of Redis that the app's tracker has, or the tracker behind it."""
    tracker = tracker_of(app)
    return getattr(tracker, "_tracker", tracker)._client
