"""The exercises of lesson 3. Delete the line that skips one, watch it fail, and build what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from common.accounts import add_account, create_tables
from step3_redis.app import create_app
from step3_redis.models import db
from step3_redis.sharded import ShardedTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.apps import QUICK_HASH, bearer, token_of
from tests.helpers.clock import AN_HOUR, FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone
from tests.step3_redis.conftest import tracker_of

YESTERDAY, TODAY, TOMORROW = (date(2026, 1, 31) + timedelta(days=n) for n in (-1, 0, 1))
A_DAY = 86_400  # seconds


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


@pytest.mark.skip(reason="exercise 3.1: delete this line, then count devices by the header X-Device")
def test_exercise_3_1_devices_of_a_user(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = token_of(app, "alice"), token_of(app, "bob")
    client = app.test_client()
    redis: Any = tracker_of(app)._client

    def ask_me(token: str, device: str) -> int:
        headers = {**bearer(token), "X-Device": device}
        return client.get("/api/me", headers=headers).status_code

    def counts() -> tuple[Any, Any]:
        online, devices = client.get("/api/online"), client.get("/api/devices")
        assert devices.json is not None and devices.json["minutes"] == 5
        return online.json["online"], devices.json["devices"]  # type: ignore[index]

    assert counts() == (2, 0)
    for token, device in ((alice, "phone"), (alice, "laptop"), (alice, "phone"), (bob, "phone")):
        assert ask_me(token, device) == 200
    assert counts() == (2, 3)  # bob's phone is not alice's
    members = {b"1:laptop", b"1:phone", b"2:phone"}
    assert set(redis.zrange("shop:devices:last-seen", 0, -1)) == members

    # a password and a name of a device will do too; a bad name is none, and the user counts all the same
    client.post("/api/tokens", auth=("bob", "demo"), headers={"X-Device": "Tablet-2"})
    assert counts() == (2, 4)
    redis.delete("shop:last-seen")
    for bad in ("", "x" * 65, "a b", "a_b", "2:phone", "téléphone"):
        assert ask_me(alice, bad) == 200
    assert counts() == (1, 4)
    assert ask_me(bob, "x" * 64) == 200
    assert counts() == (2, 5)

    # whoever is not let in has no device, and those who ask for a count have none
    for path, headers in (("/api/me", bearer("no token")), ("/api/online", {}), ("/api/devices", {})):
        client.get(path, headers={**headers, "X-Device": "watch"})
    assert counts() == (2, 5)

    # a request marks its user once, and its device once
    marked: list[str] = []
    mark = RedisTracker.mark_online

    def note(self: RedisTracker, user: Any) -> None:
        marked.append(str(user.id))
        mark(self, user)

    with monkeypatch.context() as patch:
        patch.setattr(RedisTracker, "mark_online", note)
        ask_me(alice, "phone")
    assert sorted(marked) == ["1", "1:phone"]

    # a Redis that fails, fails no request; how many there are is then unknown
    redis.connection_pool.connection_kwargs["server"].connected = False
    assert ask_me(alice, "phone") == 200
    assert [client.get(path).status_code for path in ("/api/online", "/api/devices")] == [503, 503]


@pytest.mark.skip(reason="exercise 3.2: delete this line, then count a day's users with a HyperLogLog")
def test_exercise_3_2_actives_of_a_day(
    tracker: Any,
    client: Redis,
    prefix: str,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    in_beijing: None,
) -> None:
    key_of_today, key_of_tomorrow = (f"{prefix}:active:{day}" for day in ("2026-01-31", "2026-02-01"))
    assert tracker.daily_actives(TODAY) == 0
    for user in (ALICE, BOB, ALICE, ALICE):
        clock.advance(hours=1)
        tracker.mark_online(user)
    assert tracker.daily_actives(TODAY) == client.pfcount(key_of_today) == 2  # each once, and all of the day

    # the day of UTC, and not of Beijing, to its last moment
    clock.now = datetime(2026, 1, 31, 23, 59, 59, 900_000, tzinfo=UTC)
    tracker.mark_online(CAROL)
    clock.advance(seconds=0.1)
    tracker.mark_online(CAROL)
    assert tracker.daily_actives(TODAY) == 3
    assert tracker.daily_actives(TOMORROW) == client.pfcount(key_of_tomorrow) == 1
    assert tracker.daily_actives(YESTERDAY) == 0

    # it goes 35 days later, even if nobody else comes; a mark that tidies says so, others are one trip
    for key in (key_of_today, key_of_tomorrow):
        assert 34 * A_DAY < client.ttl(key) <= 35 * A_DAY
    client.expire(key_of_tomorrow, 5000)
    clock.advance(seconds=0.5)
    with one_round_trip(client, monkeypatch):
        tracker.mark_online(ALICE)
    assert client.ttl(key_of_tomorrow) <= 5000
    clock.advance(seconds=0.5)
    tracker.mark_online(ALICE)
    assert client.ttl(key_of_tomorrow) > 34 * A_DAY

    # about how many, for any number of users; a shard knows its own, and each user is in one
    sharded: Any = ShardedTracker(client, shards=3, prefix=f"{prefix}-sharded", clock=clock)
    for user_id in range(1000):
        for each in (tracker, sharded):
            each.mark_online(Someone(user_id))
    assert tracker.daily_actives(TOMORROW) == pytest.approx(1000, rel=0.05)
    assert sharded.daily_actives(TOMORROW) == pytest.approx(1000, rel=0.05)


@contextmanager
def one_round_trip(client: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the client send one pipeline, without MULTI, and nothing beside it."""
    pipelines: list[dict[str, Any]] = []
    make = client.pipeline

    def note(**options: Any) -> Any:
        pipelines.append(options)
        return make(**options)

    def refuse(command: str, *_: Any, **__: Any) -> None:
        pytest.fail(f"{command} takes a trip of its own")

    with monkeypatch.context() as patch:
        patch.setattr(client, "pipeline", note)
        patch.setattr(client, "execute_command", refuse)
        yield
    assert pipelines == [{"transaction": False}]


@pytest.mark.skip(reason="exercise 3.3: delete this line, then keep the day's peak, whichever process saw it")
def test_exercise_3_3_peak_of_the_day_for_all_processes(
    client: Redis, prefix: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, in_beijing: None
) -> None:
    def new_process() -> Any:
        return RedisTracker(client, prefix=prefix, keep=AN_HOUR, clock=clock)

    one, other = new_process(), new_process()
    assert one.peak(TODAY) == 0

    # a mark that tidies takes a sample, once a second in each process; the largest is the peak for all
    for user in (ALICE, BOB):
        one.mark_online(user)
    assert one.peak(TODAY) == other.peak(TODAY) == 1  # bob came within the second
    with one_round_trip(client, monkeypatch):
        one.mark_online(CAROL)
    clock.advance(seconds=1)
    one.mark_online(BOB)
    assert one.peak(TODAY) == other.peak(TODAY) == 3
    clock.advance(minutes=6)
    other.mark_online(ALICE)  # a lower count, of a process that has seen no higher one
    new_process().mark_online(BOB)
    assert one.peak(TODAY) == other.peak(TODAY) == 3
    for user in (CAROL, Someone(4)):
        other.mark_online(user)
    clock.advance(seconds=1)
    other.mark_online(ALICE)
    assert one.peak(TODAY) == 4

    # the next day, of UTC and not of Beijing, has a peak of its own; those who have left count no more,
    # though they are still kept
    clock.now = datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC)
    for user_id in range(5):
        one.mark_online(Someone(user_id))
        clock.advance(seconds=0.25)
    assert one.peak(TODAY) == 5
    clock.advance(minutes=5)
    one.mark_online(ALICE)
    assert (one.peak(TODAY), one.peak(TOMORROW), one.peak(YESTERDAY)) == (5, 1, 0)

    # days are kept for 35 days, and none for ever
    clock.advance(days=35)
    one.mark_online(ALICE)
    assert (one.peak(TODAY), one.peak(TOMORROW)) == (0, 1)
    assert sorted(client.zrange(f"{prefix}:peak", 0, -1)) == ["2026-02-01", "2026-03-08"]
    clock.advance(days=100)
    other.mark_online(ALICE)
    assert client.zcard(f"{prefix}:peak") == 1
    assert 34 * A_DAY < client.ttl(f"{prefix}:peak") <= 36 * A_DAY

    # shards have their peaks at different times: the sum of these is no peak, so there is no answer
    sharded: Any = ShardedTracker(client, shards=3, prefix=prefix, clock=clock)
    with pytest.raises(NotImplementedError):
        sharded.peak(TODAY)
