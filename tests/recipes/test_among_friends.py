"""recipes/among_friends.py: which of my friends are online, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event

from recipes import among_friends
from tests.helpers.clock import FakeClock
from tests.helpers.databases import new_database
from tests.helpers.redis_server import RedisServer
from tests.step3_redis.test_acl import RULE, limited

ALICE, BOB, CAROL = (("alice", "demo"), ("bob", "demo"), ("carol", "demo"))


@pytest.fixture
def engines_are_disposed() -> Iterator[None]:
    """Close the connections that a recipe's engines keep."""
    used: set[Engine] = set()

    def note(connection: Connection) -> None:
        used.add(connection.engine)

    event.listen(Engine, "engine_connect", note)
    yield
    event.remove(Engine, "engine_connect", note)
    for engine in used:
        engine.dispose()


@pytest.fixture(params=["dict", "sqlite", "postgresql", "mysql", "redis"])
def client(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: FakeClock,
    engines_are_disposed: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FlaskClient]:
    with ExitStack() as stack:
        if request.param == "redis":
            monkeypatch.setenv("FLASK_REDIS_URL", request.getfixturevalue("server").url)
        elif request.param != "dict":
            url = stack.enter_context(new_database(request.param, tmp_path))
            monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", url.render_as_string(hide_password=False))
        yield among_friends.create_app(clock).test_client()


def online(client: FlaskClient, user: tuple[str, str]) -> object:
    """Return which of the user's friends are online; asking is a request, too."""
    return client.get("/friends", auth=user).json


def test_only_friends_are_told_and_only_those_who_were_seen_within_the_window(
    client: FlaskClient, clock: FakeClock
) -> None:
    assert online(client, ALICE) == {"friends": 2, "online": []}
    clock.advance(minutes=1)
    client.get("/hello", auth=BOB)
    clock.advance(minutes=1)
    client.get("/hello", auth=CAROL)
    assert online(client, ALICE) == {"friends": 2, "online": [2, 3]}
    assert online(client, CAROL) == {"friends": 1, "online": [1]}  # bob is online, and no friend of hers
    clock.advance(minutes=4, microseconds=-1)
    assert online(client, ALICE) == {"friends": 2, "online": [2, 3]}
    clock.advance(microseconds=1)
    assert online(client, ALICE) == {"friends": 2, "online": [3]}
    clock.advance(minutes=5)
    assert online(client, ALICE) == {"friends": 2, "online": []}


def test_many_friends_are_asked_for_in_parts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(among_friends, "AT_ONCE", 2)
    monkeypatch.setitem(among_friends.FRIENDS, 1, [*range(100, 103), 2, 3])
    client.get("/hello", auth=BOB)
    client.get("/hello", auth=CAROL)
    assert online(client, ALICE) == {"friends": 5, "online": [2, 3]}
    monkeypatch.setitem(among_friends.FRIENDS, 1, [])
    assert online(client, ALICE) == {"friends": 0, "online": []}


@pytest.fixture
def on_redis(server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("FLASK_REDIS_URL", server.url)
    return among_friends.create_app(clock).test_client()


def test_redis_is_asked_once_for_at_most_500_friends(
    on_redis: FlaskClient, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(among_friends.FRIENDS, 1, [*range(2, 1002)])
    client = on_redis
    client.get("/hello", auth=BOB)
    assert online(client, ALICE) == {"friends": 1000, "online": [2]}
    with server.client() as redis:
        assert redis.info("commandstats")["cmdstat_zmscore"]["calls"] == 2


def test_who_of_them_is_online_is_unknown_while_redis_is_away(
    on_redis: FlaskClient, server: RedisServer
) -> None:
    on_redis.get("/hello", auth=BOB)
    assert online(on_redis, ALICE) == {"friends": 2, "online": [2]}
    server.end()
    assert on_redis.get("/friends", auth=ALICE).status_code == 503
    assert on_redis.get("/hello", auth=ALICE).status_code == 200


def test_who_of_them_is_online_is_unknown_while_redis_takes_no_marks(
    on_redis: FlaskClient, server: RedisServer, clock: FakeClock
) -> None:
    on_redis.get("/hello", auth=BOB)
    with server.client() as redis:
        redis.config_set("maxmemory", 1)  # it refuses what would take memory, and still answers questions
    clock.advance(minutes=5)
    assert on_redis.get("/friends", auth=ALICE).status_code == 503  # and not "nobody"


def test_the_redis_user_of_step_3_needs_one_command_more(
    server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_REDIS_URL", limited(server, RULE))
    refused = among_friends.create_app(clock).test_client().get("/friends", auth=ALICE)
    assert refused.status_code == 503
    monkeypatch.setenv("FLASK_REDIS_URL", limited(server, f"{RULE} +zmscore"))
    assert online(among_friends.create_app(clock).test_client(), ALICE) == {"friends": 2, "online": []}


def test_friends_are_no_strangers_affair(clock: FakeClock) -> None:
    assert among_friends.create_app(clock).test_client().get("/friends").status_code == 401
