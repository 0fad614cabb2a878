"""Exercise 3.3: the peak of a day, for all processes.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from exercises.step3_redis.conftest import one_round_trip
from step3_redis.sharded import ShardedTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.clock import AN_HOUR, FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone

YESTERDAY, TODAY, TOMORROW = (date(2026, 1, 31) + timedelta(days=n) for n in (-1, 0, 1))
A_DAY = 86_400  # seconds


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
