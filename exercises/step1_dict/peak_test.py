"""Exercise 1.3: the most who were online at once on a day of UTC.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone


@pytest.mark.skip(reason="exercise 1.3: delete this line, then let DictTracker.peak() tell the day's peak")
def test_exercise_1_3_peak_of_the_utc_day_and_when(tracker: Any, clock: FakeClock, in_beijing: None) -> None:
    def now_is(time: str) -> datetime:
        clock.now = datetime.fromisoformat(f"{time}Z")
        return clock.now

    now_is("2026-01-31 07:00")
    assert tracker.peak() == (0, datetime(2026, 1, 31, tzinfo=UTC))  # nobody since midnight

    # the most at once, and when that was first so; who is seen twice counts once
    tracker.mark_online(ALICE)
    first = now_is("2026-01-31 07:01")
    tracker.mark_online(BOB)
    now_is("2026-01-31 07:02")
    tracker.mark_online(ALICE)
    assert tracker.peak() == (2, first)
    assert tracker.peak()[1].utcoffset() == timedelta(0)

    # who leaves does not lower it, and two again are no new peak, three are
    now_is("2026-01-31 17:00")
    assert tracker.get_online() == 0
    for user in (BOB, CAROL):
        tracker.mark_online(user)
    assert tracker.peak() == (2, first)
    second = now_is("2026-01-31 23:54")
    for user in (ALICE, BOB, CAROL):
        tracker.mark_online(user)
    assert tracker.peak() == (3, second)

    # the next day, of UTC and not of Beijing, begins with those who are online at its midnight,
    # even if nobody comes or asks until they have left
    now_is("2026-01-31 23:58")
    for user in (ALICE, BOB):
        tracker.mark_online(user)
    now_is("2026-02-01 00:10")
    tracker.mark_online(CAROL)
    assert tracker.peak() == (2, datetime(2026, 2, 1, tzinfo=UTC))
    now_is("2026-02-03 12:00")
    assert tracker.peak() == (0, datetime(2026, 2, 3, tzinfo=UTC))

    # a mark looks at nobody else
    for user_id in range(1000):
        tracker.mark_online(Someone(user_id))
    assert lines_run_by(lambda: tracker.mark_online(ALICE)) < 50
    assert tracker.peak() == (1000, clock.now)


def lines_run_by(call: Callable[[], None]) -> int:
    """Count the lines of Python that a call runs."""
    count = 0

    def note(*_: object) -> object:
        nonlocal count
        count += 1
        return note

    sys.settrace(note)  # type: ignore[arg-type]
    try:
        call()
    finally:
        sys.settrace(None)
    return count
