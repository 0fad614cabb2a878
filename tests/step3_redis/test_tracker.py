"""The contract, kept by RedisTracker on fakeredis and on a real Redis, and what it promises beyond."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from fakeredis import FakeRedis, FakeServer
from redis import ConnectionError as RedisConnectionError
from redis import Redis, RedisError
from redis.exceptions import RedisClusterException

import step3_redis.tracker
from common.presence import OnlineTracker
from step3_redis.tracker import TIDY_AGAIN, TIDY_AT_MOST, TIDY_EVERY, RedisTracker
from tests.contracts.tracker.any_window import ForgetsAfterKeep
from tests.contracts.tracker.clock_set_back import FollowsTheClock
from tests.contracts.tracker.contract import TrackerContract
from tests.contracts.tracker.fixtures import MakeTracker
from tests.contracts.tracker.shared_between_processes import SharedBetweenProcesses
from tests.contracts.tracker.survives_restart import SurvivesRestart
from tests.helpers.clock import AN_HOUR, FakeClock
from tests.helpers.examples import run_example
from tests.helpers.redis_server import RedisServer
from tests.helpers.threads import join, start_thread
from tests.helpers.users import ALICE, BOB, CAROL, Someone
from tests.step3_redis.conftest import MakeClient, round_trips


class RedisContract(
    TrackerContract, SurvivesRestart, SharedBetweenProcesses, ForgetsAfterKeep, FollowsTheClock
):
    """What step 3 promises, with any client and in any number of keys."""


class TestRedisTrackerKeepsTheContract(RedisContract):
    """Step 3, with a client that answers with bytes."""

    @pytest.fixture
    def make_tracker(self, make_client: MakeClient, prefix: str) -> MakeTracker:
        return partial(RedisTracker, make_client(), prefix=prefix)


class TestWithAClientThatDecodes(RedisContract):
    """Whether the caller set decode_responses makes no difference."""

    @pytest.fixture
    def make_tracker(self, make_client: MakeClient, prefix: str) -> MakeTracker:
        return partial(RedisTracker, make_client(decode_responses=True), prefix=prefix)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tracker(client: Redis, prefix: str, clock: FakeClock) -> RedisTracker:
    return RedisTracker(client, prefix=prefix, clock=clock)


def test_redis_keeps_its_promises_in_the_eyes_of_the_type_checker(tracker: RedisTracker) -> None:
    promised: OnlineTracker = tracker
    assert promised.survives_restart and promised.shared_between_processes and not promised.any_window
    assert promised.outages == (RedisError, RedisClusterException)
    assert promised.overloads == ()


class User(NamedTuple):
    """A user whose id is no number."""

    id: Any


@pytest.mark.parametrize(
    ("user_id", "parse_id"),
    [
        (7, int),
        (UUID("12345678-1234-5678-1234-567812345678"), UUID),
        ("alice@example.com", str),
        ("张三 and a space", str),
    ],
    ids=["int", "UUID", "str", "a Chinese str"],
)
@pytest.mark.parametrize("decode", [False, True], ids=["bytes", "text"])
def test_an_id_comes_back_as_it_went_in(
    make_client: MakeClient, prefix: str, user_id: Any, parse_id: Callable[[str], Any], decode: bool
) -> None:
    tracker = RedisTracker(make_client(decode_responses=decode), prefix=prefix, parse_id=parse_id)
    tracker.mark_online(User(user_id))
    ((found, _),) = tracker.online_users()
    assert found == user_id and type(found) is type(user_id)
    assert tracker.last_seen(User(user_id)) is not None


def test_all_is_in_one_key_which_expires_once_nobody_comes(
    tracker: RedisTracker, client: Redis, prefix: str
) -> None:
    for user in (ALICE, BOB):
        tracker.mark_online(user)
    assert list(client.scan_iter(f"{prefix}*")) == [f"{prefix}:last-seen"]
    assert client.type(f"{prefix}:last-seen") == "zset"
    assert 300_000 < client.pttl(f"{prefix}:last-seen") <= 360_000


def test_memory_holds_only_those_active_within_keep_and_a_minute(
    tracker: RedisTracker, client: Redis, prefix: str, clock: FakeClock
) -> None:
    sizes = []
    for user_id in range(1000):
        tracker.mark_online(Someone(user_id))
        sizes.append(client.zcard(f"{prefix}:last-seen"))
        clock.advance(seconds=1)
    assert max(sizes) == 360
    assert tracker.get_online() == 300 - 1  # the clock has moved on since the last mark


@pytest.mark.parametrize("jump", [timedelta(seconds=1), timedelta(hours=-1)], ids=["a second on", "set back"])
def test_the_key_does_not_expire_under_those_who_come(
    tracker: RedisTracker, client: Redis, prefix: str, clock: FakeClock, jump: timedelta
) -> None:
    tracker.mark_online(ALICE)
    client.pexpire(f"{prefix}:last-seen", 5000)
    clock.advance(seconds=0.999999)
    tracker.mark_online(ALICE)
    assert client.pttl(f"{prefix}:last-seen") <= 5000
    clock.now += jump
    tracker.mark_online(ALICE)
    assert client.pttl(f"{prefix}:last-seen") > 300_000


@pytest.mark.parametrize("seconds", [0.5, 1.5])
def test_the_first_mark_tidies_whatever_the_clock_says(client: Redis, prefix: str, seconds: float) -> None:
    RedisTracker(client, prefix=prefix, clock=lambda: seconds).mark_online(ALICE)
    assert client.pttl(f"{prefix}:last-seen") > 300_000


def test_what_could_not_be_tidied_is_tidied_with_the_next_mark(
    tracker: RedisTracker, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RedisConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(client, "pexpire", fail)
        with pytest.raises(RedisConnectionError):
            tracker.mark_online(ALICE)
    assert client.pttl(tracker.key) == -1
    tracker.mark_online(ALICE)
    assert client.pttl(tracker.key) > 300_000


def who_left(first: int, users: int, before: datetime) -> dict[str, float]:
    """Return members and scores: users who were last seen an hour before that, in turn."""
    an_hour_before = (before - AN_HOUR).timestamp() * 1e6
    return {str(first + n): an_hour_before + n for n in range(users)}


def test_a_mark_removes_no_more_than_some_and_the_next_ones_the_rest_and_nobody_who_is_online(
    tracker: RedisTracker, client: Redis, clock: FakeClock
) -> None:
    online = TIDY_AT_MOST + 1
    client.zadd(tracker.key, {str(n): clock() * 1e6 - n for n in range(1, online + 1)})
    client.zadd(tracker.key, who_left(10_000, 3 * TIDY_AT_MOST + 1, clock.now))
    left = []
    for _ in range(5):
        tracker.mark_online(ALICE)
        left.append(client.zcard(tracker.key) - online)
        clock.advance(microseconds=TIDY_AGAIN - 1)
        tracker.mark_online(ALICE)  # too early to tidy again
        assert client.zcard(tracker.key) - online == left[-1]
        assert tracker.get_online() == online
        clock.advance(microseconds=1)
    assert left == [2 * TIDY_AT_MOST + 1, TIDY_AT_MOST + 1, 1, 0, 0]


def test_once_all_who_left_are_removed_a_process_tidies_once_a_second_again(
    tracker: RedisTracker, client: Redis, clock: FakeClock
) -> None:
    client.zadd(tracker.key, who_left(1000, TIDY_AT_MOST + 1, clock.now))
    for _ in range(2):
        tracker.mark_online(ALICE)
        clock.advance(microseconds=TIDY_AGAIN)
    client.zadd(tracker.key, who_left(1000, 1, clock.now))
    clock.advance(microseconds=TIDY_EVERY - TIDY_AGAIN - 1)
    tracker.mark_online(ALICE)
    assert client.zcard(tracker.key) == 2
    clock.advance(microseconds=1)
    tracker.mark_online(ALICE)
    assert client.zcard(tracker.key) == 1


def test_two_processes_that_tidy_at_once_remove_nobody_who_is_kept(
    tracker: RedisTracker,
    make_client: MakeClient,
    prefix: str,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other_client = make_client()
    other = RedisTracker(other_client, prefix=prefix, clock=clock)
    kept = {str(n): clock() * 1e6 for n in range(1, 101)}
    other_client.zadd(tracker.key, who_left(1000, TIDY_AT_MOST + 1, clock.now) | kept)
    look = tracker._client.zrange

    def look_before_the_other_tidies(*arguments: Any, **options: Any) -> Any:
        found = look(*arguments, **options)
        other.mark_online(ALICE)
        return found

    monkeypatch.setattr(tracker._client, "zrange", look_before_the_other_tidies)
    tracker.mark_online(ALICE)
    assert tracker.get_online() == 100


def test_while_one_thread_tidies_no_other_does(
    tracker: RedisTracker, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = []
    remove = client.zremrangebyscore

    def remove_while_others_mark(*arguments: Any) -> Any:
        tidied.append(arguments)
        if len(tidied) == 1:
            for user in (BOB, CAROL):
                join(start_thread(partial(tracker.mark_online, user)))
        return remove(*arguments)

    monkeypatch.setattr(client, "zremrangebyscore", remove_while_others_mark)
    tracker.mark_online(ALICE)
    assert len(tidied) == 1
    assert tracker.get_online() == 3


def test_a_host_whose_clock_is_a_little_fast_erases_nobody(
    client: Redis, prefix: str, clock: FakeClock
) -> None:
    fast_clock = FakeClock()
    fast_clock.advance(seconds=60)
    tracker, fast = (RedisTracker(client, prefix=prefix, clock=each) for each in (clock, fast_clock))
    tracker.mark_online(ALICE)
    for each in (clock, fast_clock):
        each.advance(minutes=5, microseconds=-1)
    fast.mark_online(BOB)
    assert tracker.get_online() == 2


def test_a_host_whose_clock_is_an_hour_fast_erases_everyone_and_so_hosts_need_ntp(
    client: Redis, prefix: str, clock: FakeClock
) -> None:
    fast_clock = FakeClock()
    fast_clock.advance(hours=1)
    tracker, fast = (RedisTracker(client, prefix=prefix, clock=each) for each in (clock, fast_clock))
    tracker.mark_online(ALICE)
    fast.mark_online(BOB)
    assert tracker.online_users() == [(BOB.id, fast_clock.now)]


@pytest.mark.parametrize("keep", [timedelta(microseconds=1), timedelta(milliseconds=1.5), timedelta.max])
def test_any_keep_can_be_had(client: Redis, prefix: str, clock: FakeClock, keep: timedelta) -> None:
    tracker = RedisTracker(client, prefix=prefix, clock=clock, window=keep)
    tracker.mark_online(ALICE)
    assert tracker.get_online() == 1
    assert tracker.online_users() == [(ALICE.id, clock.now)]


def commands_during(watcher: Redis, client: Redis, do: Callable[[], Any]) -> list[str]:
    """Let the server say which commands it gets from the client meanwhile."""
    seen: list[str] = []
    with watcher.monitor() as monitor:  # type: ignore[no-untyped-call]
        do()
        client.echo("that was all")
        for command in monitor.listen():
            if command["command"].startswith("ECHO"):
                break
            seen.append(command["command"])
    return seen


def test_what_goes_over_the_wire(own_server: RedisServer, clock: FakeClock) -> None:
    client = own_server.client()
    tracker = RedisTracker(client, clock=clock)
    prefix = "online"
    sent = partial(commands_during, own_server.client(), client)
    key = f"{prefix}:last-seen"
    now = round(clock() * 1_000_000)
    since = now - 300_000_000
    client.ping()  # a new connection introduces itself
    assert sent(lambda: tracker.mark_online(CAROL)) == [
        f"ZADD {key} GT {now} 3",
        f"PEXPIRE {key} 360000",
        f"ZRANGE {key} {TIDY_AT_MOST - 1} {TIDY_AT_MOST - 1} WITHSCORES",
        f"ZREMRANGEBYSCORE {key} -inf {since - 60_000_000}",
    ]
    assert sent(lambda: tracker.mark_online(ALICE)) == [f"ZADD {key} GT {now} 1"]
    assert sent(tracker.get_online) == [f"ZCOUNT {key} ({since} +inf"]
    assert sent(lambda: tracker.online_users(limit=7)) == [
        f"ZRANGE {key} +inf ({since} BYSCORE REV LIMIT 0 7 WITHSCORES"
    ]
    assert sent(lambda: tracker.last_seen(ALICE)) == [f"ZSCORE {key} 1"]


@pytest.mark.parametrize("backend", ["redis"])
def test_each_call_is_one_round_trip_but_for_a_mark_that_tidies(tracker: RedisTracker, client: Redis) -> None:
    tracker.mark_online(ALICE)
    mark = partial(tracker.mark_online, BOB)
    for call in (mark, mark, tracker.get_online, tracker.online_users, partial(tracker.last_seen, BOB)):
        assert round_trips(client, call) == 1, call


def test_the_example_at_the_top_of_the_file_runs() -> None:
    redis_of_its_own = partial(FakeRedis, server=FakeServer())
    made = run_example(step3_redis.tracker, Redis=redis_of_its_own, user=ALICE)
    assert made["tracker"].get_online() == 1


@pytest.mark.parametrize(
    ("member", "score"),
    [(b"None", 7.0), (b"not ours", 7.0), (b"\xff", 7.0), (b"2", float("inf")), (b"2", 1e30)],
    ids=["None", "no number", "no text", "no end", "beyond any time"],
)
def test_what_is_no_user_is_left_out_of_the_list_and_told_once(
    make_client: MakeClient,
    prefix: str,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    member: bytes,
    score: float,
) -> None:
    client = make_client()
    tracker = RedisTracker(client, prefix=prefix, clock=clock)
    tracker.mark_online(ALICE)
    score += clock.now.timestamp() * 1e6
    client.zadd(tracker.key, {member: score})
    for _ in range(3):
        assert tracker.online_users() == [(ALICE.id, clock.now)]
    assert [record.getMessage() for record in caplog.records] == [
        f"{tracker.key} has a member that is no user: {member!r}, last seen at {score}"
    ]
