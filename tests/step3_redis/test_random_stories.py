"""The sorted set against the model of all trackers."""

from __future__ import annotations

import pytest
from redis import Redis

from step3_redis.tracker import RedisTracker
from tests.contracts.random_stories import KEEP, WINDOW, Expected, compare_with_the_model
from tests.helpers.clock import FakeClock


@pytest.mark.parametrize(
    ("backend", "examples"),
    [
        ("fakeredis", 50),
        pytest.param("fakeredis", 250, marks=pytest.mark.slow),
        pytest.param("redis", 250, marks=pytest.mark.slow),
    ],
)
def test_a_sorted_set_answers_what_the_model_answers(client: Redis, prefix: str, examples: int) -> None:
    def new_tracker(clock: FakeClock) -> RedisTracker:
        client.delete(f"{prefix}:last-seen")
        return RedisTracker(client, prefix=prefix, window=WINDOW, keep=KEEP, clock=clock)

    compare_with_the_model(new_tracker, Expected(keep=KEEP, holds_the_newest_time=False), examples)
