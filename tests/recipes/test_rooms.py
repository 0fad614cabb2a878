"""recipes/rooms.py: a tracker for each room, kept, with names that nobody can make up."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import RedisServer
from tests.step3_redis.test_acl import RULE, limited

pytest.importorskip("cachetools")
from recipes import rooms

pytestmark = pytest.mark.slow

ALICE, BOB, CAROL = (("alice", "demo"), ("bob", "demo"), ("carol", "demo"))


@pytest.fixture
def app(server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("FLASK_REDIS_URL", server.url)
    return rooms.create_app(clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_without_a_setting_a_fake_redis_serves() -> None:
    client = rooms.create_app().test_client()
    assert client.post("/rooms/lobby", auth=ALICE).json == {"room": "lobby", "users": [1]}


def test_each_room_has_its_own_users_and_looking_is_not_entering(
    client: FlaskClient, clock: FakeClock
) -> None:
    client.post("/rooms/lobby", auth=ALICE)
    clock.advance(seconds=1)
    assert client.post("/rooms/lobby", auth=BOB).json == {"room": "lobby", "users": [2, 1]}
    assert client.get("/rooms/board", auth=ALICE).json == {"room": "board", "users": []}
    assert client.get("/rooms/lobby", auth=CAROL).json == {"room": "lobby", "users": [2, 1]}
    assert client.delete("/rooms/lobby", auth=BOB).json == {"room": "lobby", "users": [1]}
    clock.advance(seconds=59)
    assert client.get("/rooms/lobby", auth=CAROL).json == {"room": "lobby", "users": []}
    assert client.get("/online").json == {"online": 3}  # in the app, where the window is longer


def test_all_processes_see_the_same_room(client: FlaskClient, clock: FakeClock) -> None:
    client.post("/rooms/lobby", auth=ALICE)
    another_process = rooms.create_app(clock).test_client()
    assert another_process.get("/rooms/lobby", auth=BOB).json == {"room": "lobby", "users": [1]}


def test_a_name_that_is_no_room_and_a_room_that_is_closed_sound_alike_and_become_no_key(
    client: FlaskClient, redis: Redis
) -> None:
    closed = client.post("/rooms/board", auth=BOB)
    for name in ("cellar", "lobby:last-seen", "*", "lobby%0D%0AFLUSHALL", "{lobby}", "x" * 1000, "%00"):
        answer = client.post(f"/rooms/{name}", auth=BOB)
        assert (answer.status_code, answer.data) == (404, closed.data)
    assert client.post("/rooms/lobby").status_code == 401
    assert redis.keys() == ["online:last-seen"]
    assert redis.zrange("online:last-seen", 0, -1) == ["2"]


def test_a_tracker_is_kept_so_that_a_mark_is_one_command(client: FlaskClient, redis: Redis) -> None:
    for _ in range(5):
        client.post("/rooms/lobby", auth=ALICE)
    calls = {name: redis.info("commandstats")[f"cmdstat_{name}"]["calls"] for name in ("zadd", "pexpire")}
    # once for the app and once for the room; a tracker that was made anew each time would tidy each time
    assert calls == {"zadd": 2 * 5, "pexpire": 2}


def test_more_rooms_than_are_kept_lose_nobody(
    server: RedisServer, clock: FakeClock, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_REDIS_URL", server.url)
    monkeypatch.setattr(rooms, "MOST_KEPT", 2)
    monkeypatch.setattr(rooms, "MEMBERS", {f"page-{number}": {1} for number in range(5)})
    client = rooms.create_app(clock).test_client()
    for number in range(5):
        client.post(f"/rooms/page-{number}", auth=ALICE)
    client.post("/rooms/page-4", auth=ALICE)  # still kept, and so only marked
    client.post("/rooms/page-0", auth=ALICE)  # long dropped: it is made anew, and tidies
    assert redis.info("commandstats")["cmdstat_pexpire"]["calls"] == 1 + 5 + 1  # of the app, and of rooms
    for number in range(5):
        assert client.get(f"/rooms/page-{number}", auth=ALICE).json["users"] == [1]  # type: ignore[index]


def test_a_room_that_everybody_has_left_leaves_no_key_for_long(client: FlaskClient, redis: Redis) -> None:
    client.post("/rooms/lobby", auth=ALICE)
    client.post("/rooms/lobby", auth=BOB)
    # milliseconds; of a room: its minute, and one more for hosts whose clocks differ
    assert 115_000 < redis.pttl("online:room:lobby:last-seen") <= 120_000
    assert 355_000 < redis.pttl("online:last-seen") <= 360_000
    assert len(redis.keys()) == 2


def test_what_step_3_may_do_on_its_redis_is_enough_for_rooms(
    server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_REDIS_URL", limited(server, RULE))
    client = rooms.create_app(clock).test_client()
    assert client.post("/rooms/lobby", auth=ALICE).json == {"room": "lobby", "users": [1]}
    assert client.delete("/rooms/lobby", auth=ALICE).json == {"room": "lobby", "users": []}


def test_who_is_in_a_room_is_unknown_while_redis_is_away(client: FlaskClient, server: RedisServer) -> None:
    client.post("/rooms/lobby", auth=ALICE)
    server.end()
    assert client.post("/rooms/lobby", auth=ALICE).status_code == 503
    assert client.get("/hello", auth=ALICE).status_code == 200
