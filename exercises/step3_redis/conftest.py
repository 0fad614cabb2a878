"""The exercises use what the tests of their step do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from common.accounts import add_account, create_tables
from step3_redis.app import create_app
from step3_redis.models import db
from step3_redis.tracker import RedisTracker
from tests.helpers.apps import QUICK_HASH
from tests.helpers.clock import FakeClock
from tests.step3_redis.conftest import backend, client, make_client, prefix, shared_server

__all__ = ["backend", "client", "make_client", "prefix", "shared_server"]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An app with the users alice and bob, and a Redis inside it."""
    settings = {
        "SECRET_KEY": "a test's own key",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users.sqlite",
        "PASSWORD_HASH_METHOD": QUICK_HASH,
        "ONLINE_KEY_PREFIX": "shop",
    }
    app = create_app(settings, embedded=True)
    with app.app_context():
        create_tables()
        for name in ("alice", "bob"):
            add_account(name, "demo")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tracker(client: Redis, prefix: str, clock: FakeClock) -> Any:  # what it is to have, no type checker knows
    return RedisTracker(client, prefix=prefix, clock=clock)


@contextmanager
def one_round_trip(client: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the client send one command, or one pipeline without MULTI, and nothing beside it."""
    trips: list[Any] = []
    pipeline: Any = client.pipeline
    execute_command: Any = client.execute_command

    def note_pipeline(**options: Any) -> Any:
        trips.append(options)
        return pipeline(**options)

    def note_command(*command: Any, **options: Any) -> Any:
        trips.append(command[0])
        return execute_command(*command, **options)

    with monkeypatch.context() as patch:
        patch.setattr(client, "pipeline", note_pipeline)
        patch.setattr(client, "execute_command", note_command)
        yield
    assert trips in ([{"transaction": False}], ["ZADD"])
