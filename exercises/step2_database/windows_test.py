"""Exercise 2.2: several windows, counted at once.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.helpers.clock import FIVE_MINUTES, FakeClock
from tests.helpers.users import ALICE, BOB, CAROL
from tests.step2_database.conftest import noted

ONE_MINUTE, AN_HOUR, THREE_DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=3)


@pytest.mark.skip(reason="exercise 2.2: delete this line, then write DatabaseTracker.get_online_each()")
def test_exercise_2_2_windows_that_are_counted_at_once(
    app: Flask, tracker: Any, clock: FakeClock, read: list[str]
) -> None:
    assert tracker.get_online_each([ONE_MINUTE, THREE_DAYS]) == [0, 0]
    tracker.mark_online(ALICE)
    clock.advance(days=2)
    tracker.mark_online(BOB)
    clock.advance(minutes=4)
    tracker.mark_online(CAROL)
    windows = [FIVE_MINUTES, ONE_MINUTE, THREE_DAYS, FIVE_MINUTES, timedelta.max]
    assert tracker.get_online_each(windows) == [2, 1, 3, 2, 3]
    assert tracker.get_online_each([ONE_MINUTE]) == [1]

    # the edges are where they always are
    clock.advance(minutes=1, microseconds=-1)
    assert tracker.get_online_each([ONE_MINUTE, FIVE_MINUTES]) == [1, 2]
    clock.advance(microseconds=1)
    assert tracker.get_online_each([ONE_MINUTE, FIVE_MINUTES]) == [0, 1]
    with pytest.raises(ValueError, match="more than zero"):
        tracker.get_online_each([FIVE_MINUTES, timedelta(0)])
    with pytest.raises(TypeError, match=r"timedelta\(minutes=5\)"):
        tracker.get_online_each([FIVE_MINUTES, 5])

    # one statement that every database knows, and that reads no row older than the longest window
    read.clear()
    with noted(app) as sent:
        tracker.get_online_each([ONE_MINUTE, AN_HOUR, FIVE_MINUTES])
    assert len(sent) == len(read) == 1
    assert sent[0].count("SELECT") == 1 and "FILTER" not in sent[0]
    assert "WHERE users.last_seen >" in sent[0]
    with noted(app) as sent:
        assert tracker.get_online_each([]) == []
    assert sent == []
