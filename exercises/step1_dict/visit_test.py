"""Exercise 1.1: since when a user is here.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.helpers.clock import MICROSECOND, FakeClock
from tests.helpers.users import ALICE, BOB, Someone


@pytest.mark.skip(reason="exercise 1.1: delete this line, then let here_since() tell when a visit began")
def test_exercise_1_1_visit_begins_with_the_first_mark_after_a_gap(tracker: Any, clock: FakeClock) -> None:
    assert tracker.here_since(ALICE) is None  # never here
    came = clock.now
    tracker.mark_online(ALICE)
    assert tracker.here_since(ALICE) == came
    assert tracker.here_since(ALICE).utcoffset() == timedelta(0)

    # more marks do not begin it anew, as long as each comes before the user has left
    for _ in range(3):
        clock.now += timedelta(minutes=5) - MICROSECOND
        tracker.mark_online(ALICE)
    assert tracker.here_since(ALICE) == came

    # a user who has been silent for the five minutes has left, and begins a new visit
    clock.advance(minutes=5)
    assert tracker.here_since(ALICE) is None
    tracker.mark_online(ALICE)
    assert tracker.here_since(ALICE) == clock.now

    # also if nobody else was looking meanwhile, and although bob's mark has removed others
    tracker.mark_online(BOB)
    clock.advance(minutes=4)
    tracker.mark_online(BOB)
    clock.advance(minutes=2)
    tracker.mark_online(BOB)
    came_again = clock.now
    tracker.mark_online(ALICE)
    assert tracker.here_since(ALICE) == came_again
    assert tracker.here_since(BOB) == came_again - timedelta(minutes=6)

    # a user who has signed out begins a new visit; one who had a tail, and came again within it, has stayed
    tracker.mark_offline(ALICE)
    tracker.mark_offline(BOB, timedelta(seconds=10))
    assert tracker.here_since(ALICE) is None
    clock.advance(seconds=1)
    for user in (ALICE, BOB):
        tracker.mark_online(user)
    assert tracker.here_since(ALICE) == clock.now
    assert tracker.here_since(BOB) == came_again - timedelta(minutes=6)

    # users who have left are forgotten in this as well
    crowd = [Someone(user_id) for user_id in range(10, 1010)]
    for user in crowd:
        tracker.mark_online(user)
    clock.advance(minutes=5)
    for _ in range(200):
        tracker.mark_online(ALICE)
    assert tracker.here_since(crowd[0]) is None
    assert [len(kept) for kept in vars(tracker).values() if isinstance(kept, dict) and len(kept) > 1] == []
