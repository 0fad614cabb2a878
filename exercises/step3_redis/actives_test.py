"""Exercise 3.2: how many different users came on a day.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from exercises.step3_redis.conftest import one_round_trip
from step3_redis.sharded import ShardedTracker
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone

YESTERDAY, TODAY, TOMORROW = (date(2026, 1, 31) + timedelta(days=n) for n in (-1, 0, 1))
A_DAY = 86_400  # seconds


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

    # the key expires 35 days later, even if nobody else comes: a mark that tidies sees to it,
    # and each of the others is one round trip
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
