"""Sparing: with a resolution, a process sends a user to Redis now and then; and what must not go wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from flask import Flask
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from common.presence import OnlineTracker, Presence, PresenceUnknown
from step3_redis.sharded import ShardedTracker
from step3_redis.sparing import MOST_REMEMBERED, SparingTracker
from step3_redis.tracker import RedisTracker
from tests.contracts.random_stories import KEEP, WINDOW, Expected, Model, compare_with_the_model
from tests.contracts.tracker.fixtures import MakeTracker
from tests.helpers.apps import bearer, own_retry_clock, token_of
from tests.helpers.clock import FIVE_MINUTES, MICROSECOND, FakeClock
from tests.helpers.redis_server import RedisServer
from tests.helpers.users import ALICE, BOB, CAROL, Someone
from tests.step3_redis.conftest import MakeClient, tracker_of
from tests.step3_redis.test_tracker import RedisContract

MakeApp = Callable[..., Flask]
RESOLUTION = timedelta(seconds=30)


def spared(make: Callable[..., RedisTracker | ShardedTracker]) -> MakeTracker:
    """Make trackers that spare the ones that are made, for half a minute."""

    def make_spared(*, clock: FakeClock, **options: Any) -> SparingTracker:
        return SparingTracker(make(clock=clock, **options), resolution=RESOLUTION, clock=clock)

    return make_spared


class TestSparingKeepsTheContract(RedisContract):
    """One sorted set, with a resolution of half a minute."""

    @pytest.fixture
    def make_tracker(self, make_client: MakeClient, prefix: str) -> MakeTracker:
        return spared(partial(RedisTracker, make_client(), prefix=prefix))


class TestSparingManyKeysKeepsTheContract(RedisContract):
    """Twelve sorted sets, with a resolution of half a minute."""

    @pytest.fixture
    def make_tracker(self, make_client: MakeClient, prefix: str) -> MakeTracker:
        return spared(partial(ShardedTracker, make_client(), shards=12, prefix=prefix))


class ModelOfOneProcess(Model):
    """Remembers what one process has sent, and when; Redis keeps the latest time that it was sent."""

    def __init__(self, resolution: timedelta) -> None:
        super().__init__(resolution)
        self.sent_at: dict[int, datetime] = {}

    def mark(self, user_id: int, now: datetime) -> None:
        """Send a user who was not sent yet, or longer ago than the resolution, or later than now."""
        sent_at = self.sent_at.get(user_id)
        if sent_at is None or not now - self.resolution <= sent_at <= now:
            self.sent_at[user_id] = now
            self.last_seen[user_id] = max(now, self.last_seen.get(user_id, now))

    def leave(self, user_id: int, since: datetime) -> None:
        """Send the user again with the next mark."""
        super().leave(user_id, since)
        self.sent_at.pop(user_id, None)


@pytest.mark.parametrize(
    ("backend", "examples"), [("fakeredis", 50), pytest.param("redis", 500, marks=pytest.mark.slow)]
)
def test_a_spared_sorted_set_answers_what_the_model_answers(
    client: Redis, prefix: str, examples: int
) -> None:
    def new_tracker(clock: FakeClock) -> OnlineTracker:
        client.delete(f"{prefix}:last-seen")
        tracker = RedisTracker(client, prefix=prefix, window=WINDOW, keep=KEEP, clock=clock)
        return SparingTracker(tracker, resolution=RESOLUTION, clock=clock)

    expected = Expected(
        keep=KEEP, holds_the_newest_time=False, resolution=RESOLUTION, model=ModelOfOneProcess
    )
    compare_with_the_model(new_tracker, expected, examples)


class Store(RedisTracker):
    """A RedisTracker on a Redis inside the test; it notes whom it is sent, and fails when it is told to."""

    def __init__(self, clock: FakeClock, window: timedelta = FIVE_MINUTES) -> None:
        super().__init__(FakeRedis(server=FakeServer()), window=window, clock=clock)
        self.sent: list[Any] = []
        self.refuses_marks = False
        self.refuses_reads = False
        self.meanwhile: Callable[[], None] | None = None  # is called once while a mark is on its way

    def mark_online(self, user: Any) -> None:
        self.sent.append(user.id)
        if self.refuses_marks:
            raise RedisConnectionError
        super().mark_online(user)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()

    def get_online(self, window: timedelta | None = None) -> int:
        if self.refuses_reads:
            raise RedisConnectionError
        return super().get_online(window)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> Store:
    return Store(clock)


@pytest.fixture
def tracker(store: Store, clock: FakeClock) -> SparingTracker:
    return SparingTracker(store, resolution=RESOLUTION, clock=clock)


def test_each_user_is_sent_at_most_once_in_the_resolution(
    tracker: SparingTracker, store: Store, clock: FakeClock
) -> None:
    for _ in range(62):
        tracker.mark_online(ALICE)
        tracker.mark_online(BOB)
        clock.advance(seconds=1)
    assert store.sent == [ALICE.id, BOB.id] * 2  # at 0 and at 31 seconds


def test_a_clock_set_back_spares_nobody_for_longer_than_the_resolution(
    tracker: SparingTracker, store: Store, clock: FakeClock
) -> None:
    tracker.mark_online(ALICE)
    clock.advance(hours=-1)
    for _ in range(32):
        tracker.mark_online(ALICE)
        clock.advance(seconds=1)
    assert len(store.sent) == 3  # once before, and at 0 and at 31 seconds


def test_whoever_keeps_calling_is_missing_for_at_most_the_resolution_after_redis_has_lost_its_data(
    tracker: SparingTracker, store: Store, clock: FakeClock
) -> None:
    tracker.mark_online(ALICE)
    store._client.flushall()
    missing_for = 0
    while tracker.get_online() == 0:
        clock.advance(seconds=1)
        missing_for += 1
        tracker.mark_online(ALICE)
    assert missing_for == 31  # the first call after 30 seconds


@pytest.mark.parametrize("what_fails", ["a mark", "a count"])
def test_after_a_failure_everyone_is_sent_again(
    tracker: SparingTracker, store: Store, what_fails: str
) -> None:
    tracker.mark_online(ALICE)
    store.refuses_marks = store.refuses_reads = True
    with pytest.raises(RedisConnectionError):
        if what_fails == "a mark":
            tracker.mark_online(BOB)
        else:
            tracker.get_online()
    store.refuses_marks = store.refuses_reads = False
    store.sent.clear()
    tracker.mark_online(ALICE)
    assert store.sent == [ALICE.id]


def test_a_question_that_cannot_be_answered_is_no_failure(tracker: SparingTracker, store: Store) -> None:
    tracker.mark_online(ALICE)
    with pytest.raises(ValueError, match="limit"):
        tracker.online_users(limit=0)
    tracker.mark_online(ALICE)
    assert store.sent == [ALICE.id]


def test_a_mark_under_way_while_another_fails_is_not_relied_upon(
    tracker: SparingTracker, store: Store
) -> None:
    def fail() -> None:
        store.refuses_marks = True
        with pytest.raises(RedisConnectionError):
            tracker.mark_online(BOB)

    store.meanwhile = fail
    tracker.mark_online(ALICE)
    store.sent.clear()
    with pytest.raises(RedisConnectionError):
        tracker.mark_online(ALICE)
    assert store.sent == [ALICE.id]


def test_a_mark_that_is_not_answered_yet_spares_no_other(tracker: SparingTracker, store: Store) -> None:
    store.meanwhile = partial(tracker.mark_online, ALICE)  # as another thread would
    tracker.mark_online(ALICE)
    assert store.sent == [ALICE.id, ALICE.id]


def test_memory_is_bounded_and_whoever_was_sent_longest_ago_is_forgotten_first(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_REMEMBERED == 50_000
    monkeypatch.setattr("step3_redis.sparing.MOST_REMEMBERED", 3)
    store = Store(clock)
    tracker = SparingTracker(store, resolution=RESOLUTION, clock=clock)
    for user in (ALICE, BOB, CAROL):
        tracker.mark_online(user)
        clock.advance(seconds=10)
    clock.advance(seconds=1)
    tracker.mark_online(ALICE)  # is sent again, and so is not the first to be forgotten
    tracker.mark_online(Someone(4))
    assert len(tracker._sent_at) == 3
    store.sent.clear()
    for user in (ALICE, CAROL, Someone(4), BOB):
        tracker.mark_online(user)
    assert store.sent == [BOB.id]


@pytest.mark.parametrize(
    ("resolution", "reason"),
    [
        (timedelta(0), "spares no mark"),
        (-MICROSECOND, "spares no mark"),
        (FIVE_MINUTES, "within the resolution"),
        (timedelta(hours=1), "within the resolution"),
    ],
)
def test_a_resolution_that_cannot_be_is_refused(store: Store, resolution: timedelta, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SparingTracker(store, resolution=resolution)


# --- behind presence.py: a mark that was spared is no answer of Redis ---


def test_while_redis_takes_no_marks_no_spared_mark_makes_the_count_known(
    tracker: SparingTracker, store: Store
) -> None:
    retry_clock = FakeClock()
    presence = Presence(tracker, monotonic=retry_clock)
    presence.record(ALICE)
    store.refuses_marks = True
    presence.record(BOB)
    for _ in range(3):
        presence.record(ALICE)  # who was sent a moment ago
        with pytest.raises(PresenceUnknown):
            presence.get_online()
        retry_clock.advance(seconds=5)
    store.sent.clear()
    with pytest.raises(PresenceUnknown):
        presence.get_online()
    assert len(store.sent) == 1  # a read, too, tries it with a mark that is really sent

    store.refuses_marks = False
    retry_clock.advance(seconds=5)
    presence.record(ALICE)
    assert presence.get_online() == 1
    presence.record(BOB)
    assert presence.get_online() == 2


def test_a_redis_that_comes_back_empty_has_those_who_call_as_soon_as_they_do(
    own_server: RedisServer, make_app: MakeApp
) -> None:
    app = make_app(own_server.url, ONLINE_RESOLUTION_SECONDS=30)
    retry_clock, client = own_retry_clock(app), app.test_client()
    headers = [bearer(token_of(app, name)) for name in ("alice", "bob")]
    own_server.cut_power()
    assert client.get("/api/online").status_code == 503  # so it is known that Redis may have lost them
    own_server.start()
    retry_clock.advance(seconds=5)
    for each in headers:
        assert client.get("/api/me", headers=each).status_code == 200
    assert client.get("/api/online").json == {"online": 2, "minutes": 5, "resolution_seconds": 30}


# --- the setting ---


def test_without_the_setting_step_3_is_exact_and_with_it_marks_are_spared(
    own_server: RedisServer, make_app: MakeApp
) -> None:
    exact, sparing = (make_app(own_server.url, **{"ONLINE_KEY_PREFIX": "a"} | settings) for settings in
                      ({}, {"ONLINE_RESOLUTION_SECONDS": 30}))  # fmt: skip
    assert type(tracker_of(exact)) is RedisTracker
    assert exact.test_client().get("/api/online").json["resolution_seconds"] == 0  # type: ignore[index]
    app, client = sparing, sparing.test_client()
    headers = bearer(token_of(app, "alice"))
    first = client.get("/api/me", headers=headers).json["last_seen"]  # type: ignore[index]
    assert client.get("/api/me", headers=headers).json["last_seen"] == first  # type: ignore[index]
    assert client.get("/api/online").json == {"online": 1, "minutes": 5, "resolution_seconds": 30}
    refused = client.get("/api/online?minutes=0.5")
    assert refused.status_code == 400
    assert "within the resolution, 0:00:30: ask for more" in refused.json["error"]  # type: ignore[index]
    assert client.get("/api/online?minutes=0.50001").status_code == 200


def test_shards_are_spared_too_and_what_is_declared_stays_so(make_app: MakeApp) -> None:
    app = make_app("redis://127.0.0.1:1", ONLINE_SHARDS=12, ONLINE_RESOLUTION_SECONDS=30)
    tracker = tracker_of(app)
    assert isinstance(tracker, SparingTracker) and isinstance(tracker._tracker, ShardedTracker)
    assert tracker.survives_restart and tracker.shared_between_processes


# --- docs/scale.md: how much is sent ---


class Counted(RedisTracker):
    """Counts the marks that reach it, and keeps none."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(None, clock=clock)
        self.marks = 0

    def mark_online(self, user: Any) -> None:
        self.marks += 1


@pytest.mark.parametrize(("workers", "percent"), [(1, 25), (2, 40), (4, 57), (8, 73)], ids=str)
def test_the_share_still_sent_is_the_one_of_the_formula(workers: int, percent: int) -> None:
    """Users call every E seconds on average, at any moment, and any worker may serve each call."""
    between_calls, resolution, users, calls = 10, 30, 200, 40_000
    dice = random.Random(20200302)
    now = 0.0
    stores = [Counted(lambda: now) for _ in range(workers)]
    trackers = [
        SparingTracker(store, resolution=timedelta(seconds=resolution), clock=lambda: now) for store in stores
    ]
    for _ in range(calls):
        now += dice.expovariate(users / between_calls)
        dice.choice(trackers).mark_online(Someone(dice.randrange(users)))
    sent = sum(store.marks for store in stores) / calls
    formula = between_calls * workers / (between_calls * workers + resolution)
    assert round(100 * formula) == percent
    assert sent == pytest.approx(formula, abs=0.02)
