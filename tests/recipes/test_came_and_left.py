"""recipes/came_and_left.py: one event each, whoever watches, and whatever happens to the watcher."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis, RedisError

from common import presence
from recipes.came_and_left import create_app, look
from recipes.small_app import USERS, redis_client
from step3_redis.tracker import RedisTracker
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import RedisServer
from tests.helpers.started_steps import ROOT
from tests.helpers.threads import run_at_once
from tests.step3_redis.test_acl import RULE, limited

ALICE, BOB = ("alice", "demo"), ("bob", "demo")
Watcher = Callable[[], list[tuple[str, int]]]


@pytest.fixture
def app(server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("FLASK_REDIS_URL", server.url)
    return create_app(clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def new_watcher(server: RedisServer, clock: FakeClock) -> Callable[..., Watcher]:
    """Make watchers, as in processes of their own; each returns what it tells."""

    def make(name: bytes, its_clock: FakeClock = clock) -> Watcher:
        client = redis_client(server.url)
        tracker = RedisTracker(client, clock=its_clock)

        def watch() -> list[tuple[str, int]]:
            told: list[tuple[str, int]] = []
            look(client, tracker, name, lambda event, user_id: told.append((event, user_id)))
            return told

        return watch

    return make


@pytest.fixture
def watch(new_watcher: Callable[..., Watcher]) -> Watcher:
    return new_watcher(b"the first")


def test_each_who_comes_and_each_who_leaves_is_told_once(
    client: FlaskClient, watch: Watcher, clock: FakeClock
) -> None:
    assert watch() == []
    client.get("/hello", auth=ALICE)
    assert watch() == [("came", 1)]
    assert watch() == []
    clock.advance(minutes=1)
    client.get("/hello", auth=BOB)
    assert watch() == [("came", 2)]
    clock.advance(minutes=4, microseconds=-1)
    assert watch() == []
    clock.advance(microseconds=1)
    assert watch() == [("left", 1)]
    clock.advance(minutes=1)
    client.get("/hello", auth=ALICE)
    assert watch() == [("came", 1), ("left", 2)]
    clock.advance(minutes=5)
    assert watch() == [("left", 1)]
    assert watch() == []


def test_a_reload_and_a_sign_out_that_is_followed_by_a_request_tell_nothing(
    app: Flask, client: FlaskClient, watch: Watcher, clock: FakeClock
) -> None:
    client.get("/hello", auth=ALICE)
    assert watch() == [("came", 1)]
    for _ in range(10):
        clock.advance(minutes=4, seconds=59)
        client.get("/hello", auth=ALICE)
        assert watch() == []
    with app.app_context():
        presence.mark_offline(USERS["alice"], timedelta(seconds=10))  # as a page does that is closed
    clock.advance(seconds=9)
    assert watch() == []
    client.get("/hello", auth=ALICE)
    assert watch() == []


def test_of_many_watchers_at_once_one_tells(client: FlaskClient, new_watcher: Callable[..., Watcher]) -> None:
    client.get("/hello", auth=ALICE)
    client.get("/hello", auth=BOB)
    told: list[tuple[str, int]] = []
    watchers = [new_watcher(b"%d" % number) for number in range(8)]
    run_at_once(*[lambda watch=watch: told.extend(watch()) for watch in watchers])
    assert sorted(told) == [("came", 1), ("came", 2)]


def test_whoever_is_at_work_stays_so_by_looking(watch: Watcher, redis: Redis) -> None:
    watch()
    assert 9_000 < redis.pttl("online:watcher") <= 10_000  # milliseconds
    redis.pexpire("online:watcher", 5_000)  # as after five seconds
    watch()
    assert 9_000 < redis.pttl("online:watcher") <= 10_000


def test_while_one_is_at_work_another_whose_clock_differs_tells_nothing(
    client: FlaskClient, watch: Watcher, new_watcher: Callable[..., Watcher], clock: FakeClock
) -> None:
    ahead = FakeClock()
    ahead.advance(minutes=10)
    other = new_watcher(b"another", ahead)
    client.get("/hello", auth=ALICE)
    assert watch() == [("came", 1)]
    assert other() == []
    assert watch() == []


def test_when_the_watcher_dies_another_tells_what_happened_meanwhile(
    client: FlaskClient,
    watch: Watcher,
    new_watcher: Callable[..., Watcher],
    clock: FakeClock,
    redis: Redis,
) -> None:
    other = new_watcher(b"another")
    client.get("/hello", auth=ALICE)
    assert watch() == [("came", 1)]  # its last sign of life
    clock.advance(minutes=5)
    client.get("/hello", auth=BOB)
    assert other() == []
    redis.delete("online:watcher")  # as Redis does then
    assert other() == [("came", 2), ("left", 1)]
    assert watch() == []  # if it was only slow, it is the second now


def test_while_redis_takes_no_marks_nobody_is_told_to_have_left(
    client: FlaskClient, watch: Watcher, clock: FakeClock, redis: Redis
) -> None:
    client.get("/hello", auth=ALICE)
    assert watch() == [("came", 1)]
    clock.advance(minutes=4)
    redis.config_set("maxmemory", 1)
    client.get("/hello", auth=ALICE)  # is not marked
    clock.advance(minutes=1)
    with pytest.raises(RedisError):
        watch()
    redis.config_set("maxmemory", 0)
    create_app(clock).test_client().get("/hello", auth=BOB)  # by a worker that was idle, and so tries at once
    assert watch() == [("came", 2), ("left", 1)]  # her last mark is five minutes ago


def rights_on_the_page() -> list[str]:
    """Return what docs/recipes.md says that a Redis user with few rights needs for this recipe."""
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    section = page.partition('<a id="came-and-left">')[2].partition("\n## ")[0]
    return re.findall(r"`(\+[a-z]+)`", section)


def told_with(rights: list[str], server: RedisServer) -> list[tuple[str, int]]:
    """Look twice, as a Redis user who has these rights beside those of step 3; return what was told.

    Only the second look has to ask which watcher is at work.
    """
    told: list[tuple[str, int]] = []
    with closing(redis_client(limited(server, f"{RULE} {' '.join(rights)}"))) as client:
        for _ in range(2):
            look(client, RedisTracker(client), b"me", lambda event, user_id: told.append((event, user_id)))
    return told


def test_the_rights_on_the_page_are_enough_and_each_is_needed(server: RedisServer, redis: Redis) -> None:
    RedisTracker(redis).mark_online(USERS["alice"])
    rights = rights_on_the_page()
    assert told_with(rights, server) == [("came", 1)]
    for missing in rights:
        redis.delete("online:watcher")
        with pytest.raises(RedisError):
            told_with([right for right in rights if right != missing], server)


@contextmanager
def watching(server: RedisServer) -> Iterator[subprocess.Popen[str]]:
    """Lend a process that watches beside the workers."""
    command = [sys.executable, "-m", "flask", "--app", "recipes.came_and_left", "watch"]
    settings = {**os.environ, "FLASK_REDIS_URL": server.url}
    started = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, encoding="utf-8")
    with started as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_when_the_process_at_work_is_killed_the_other_one_tells(server: RedisServer, redis: Redis) -> None:
    tracker = RedisTracker(redis)  # by the right time, and without the app's short timeouts
    with watching(server) as first:
        tracker.mark_online(USERS["alice"])
        assert first.stdout
        assert first.stdout.readline() == "1 came\n"
        with watching(server) as second:
            first.kill()
            first.wait()
            tracker.mark_online(USERS["bob"])
            redis.delete("online:watcher")  # as Redis does after 10 seconds
            assert second.stdout
            assert second.stdout.readline() == "2 came\n"
