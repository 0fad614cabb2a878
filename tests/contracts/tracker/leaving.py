"""Leaving: a user who signs out or closes the page counts for a tail, and no longer, unless seen again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import MakeTracker, TrackerFixtures
from tests.helpers.clock import MICROSECOND, FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone

TAIL = timedelta(seconds=10)


def ids_of(tracker: OnlineTracker, window: timedelta | None = None) -> list[Any]:
    """Who is online, the newest first."""
    return [user_id for user_id, _ in tracker.online_users(window)]


class Leaving(TrackerFixtures):
    """mark_offline(), with and without a tail."""

    def test_who_leaves_counts_no_longer(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        for user in (ALICE, BOB, CAROL):
            tracker.mark_online(user)
            clock.advance(minutes=1)
        tracker.mark_offline(BOB)
        assert tracker.get_online() == 2
        assert ids_of(tracker) == [CAROL.id, ALICE.id]
        # the others leave when they would have
        clock.now += timedelta(minutes=2) - MICROSECOND
        assert ids_of(tracker) == [CAROL.id, ALICE.id]
        clock.now += MICROSECOND
        assert ids_of(tracker) == [CAROL.id]

    def test_who_leaves_with_a_tail_counts_until_its_end(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        tracker.mark_online(BOB)
        tracker.mark_offline(ALICE, TAIL)
        clock.now += TAIL - MICROSECOND
        assert ids_of(tracker) == [BOB.id, ALICE.id]
        clock.now += MICROSECOND
        assert tracker.get_online() == 1
        assert ids_of(tracker) == [BOB.id]

    def test_who_leaves_counts_until_the_end_of_their_own_tail(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        for user in (ALICE, BOB, CAROL):
            tracker.mark_online(user)
        tracker.mark_offline(ALICE, TAIL)
        tracker.mark_offline(CAROL, TAIL / 2)
        assert [tracker.online_users(limit=limit) for limit in (1, 2)] == [
            [(BOB.id, clock.now)],
            [(BOB.id, clock.now), (ALICE.id, clock.now - tracker.window + TAIL)],
        ]
        clock.now += TAIL / 2
        assert tracker.get_online() == 2
        clock.now += TAIL / 2 - MICROSECOND
        assert tracker.get_online() == 2
        clock.now += MICROSECOND
        assert tracker.get_online() == 1
        assert ids_of(tracker) == [BOB.id]

    def test_who_comes_again_within_the_tail_has_never_left(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(seconds=1)
        tracker.mark_offline(ALICE, TAIL)
        clock.advance(seconds=1)
        tracker.mark_online(ALICE)
        assert tracker.last_seen(ALICE) == clock.now
        clock.now += tracker.window - MICROSECOND
        assert tracker.get_online() == 1
        clock.now += MICROSECOND
        assert tracker.get_online() == 0

    def test_leaving_never_lets_anybody_count_longer(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.advance(minutes=4, seconds=55)
        tracker.mark_offline(ALICE, TAIL)
        assert tracker.last_seen(ALICE) == marked_at
        tracker.mark_offline(Someone(200), TAIL)  # who never came
        assert ids_of(tracker) == [ALICE.id]
        assert tracker.last_seen(Someone(200)) is None

    def test_it_sets_last_seen_back_so_that_a_longer_window_still_holds_the_user(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        tracker = make_tracker(clock=clock, keep=timedelta(hours=1))
        tracker.mark_online(BOB)
        clock.advance(minutes=6)  # bob has left, and is remembered
        tracker.mark_online(ALICE)
        tracker.mark_online(CAROL)
        tracker.mark_offline(ALICE, TAIL)
        assert tracker.last_seen(ALICE) == clock.now - (tracker.window - TAIL)
        assert tracker.last_seen(BOB) == clock.now - timedelta(minutes=6)
        assert tracker.get_online() == 2
        an_hour = timedelta(hours=1)
        assert ids_of(tracker, an_hour) == [CAROL.id, ALICE.id, BOB.id]
        clock.now += an_hour - timedelta(minutes=5) - MICROSECOND
        assert ids_of(tracker, an_hour) == [CAROL.id, ALICE.id]

    def test_a_tail_has_a_unit_and_is_shorter_than_the_window(self, tracker: OnlineTracker) -> None:
        tracker.mark_online(ALICE)
        tail: Any = 10
        with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for -: .*timedelta.*int"):
            tracker.mark_offline(ALICE, tail)
        with pytest.raises(ValueError, match="ask for more"):
            tracker.mark_offline(ALICE, tracker.window)
        assert tracker.get_online() == 1
