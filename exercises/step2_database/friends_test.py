"""Exercise 2.1: which of these users are online.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL
from tests.step2_database.conftest import noted

ONE_MINUTE, AN_HOUR, THREE_DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=3)


@pytest.mark.skip(reason="exercise 2.1: delete this line, then write DatabaseTracker.online_among()")
def test_exercise_2_1_friends_who_are_online(
    app: Flask, tracker: Any, clock: FakeClock, read: list[str]
) -> None:
    tracker.mark_online(ALICE)
    clock.advance(minutes=4)
    tracker.mark_online(BOB)
    everyone = [ALICE.id, BOB.id, CAROL.id]
    assert tracker.online_among(everyone) == {ALICE.id, BOB.id}
    assert tracker.online_among({ALICE.id, CAROL.id, 4711}) == {ALICE.id}  # and 4711 is nobody
    assert tracker.online_among([BOB.id, BOB.id]) == {BOB.id}

    # the window's edge is where it always is, and a user who was never seen is in no window
    clock.advance(minutes=1, microseconds=-1)
    assert tracker.online_among(everyone) == {ALICE.id, BOB.id}
    clock.advance(microseconds=1)
    assert tracker.online_among(everyone) == {BOB.id}
    assert tracker.online_among(everyone, ONE_MINUTE) == set()
    assert tracker.online_among(everyone, timedelta.max) == {ALICE.id, BOB.id}
    with pytest.raises(ValueError, match="more than zero"):
        tracker.online_among(everyone, timedelta(0))
    with pytest.raises(TypeError, match=r"timedelta\(minutes=5\)"):
        tracker.online_among(everyone, 5)

    # one SELECT of those asked for, on the engine for reading; without ids, no statement
    read.clear()
    with noted(app) as sent:
        tracker.online_among(everyone)
    assert len(sent) == len(read) == 1
    assert sent[0].startswith("SELECT") and " IN (" in sent[0]
    with noted(app) as sent:
        assert tracker.online_among([]) == set()
        # more than a statement may have, which the database would refuse, and the refusal look like an outage
        with pytest.raises(ValueError, match="ids"):
            tracker.online_among(range(1_000_000))
    assert sent == []
