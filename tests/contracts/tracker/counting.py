"""Counting: who is within the window, to the microsecond, and each user once."""

from __future__ import annotations

import random
from datetime import timedelta

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import MakeTracker, TrackerFixtures
from tests.helpers.clock import AN_HOUR, FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone


class Counting(TrackerFixtures):
    """get_online(), and the boundary of its window."""

    def test_nobody_is_online_at_first(self, tracker: OnlineTracker) -> None:
        assert tracker.get_online() == 0
        assert tracker.online_users() == []

    def test_each_user_counts_once_however_often_seen(self, tracker: OnlineTracker) -> None:
        for user in (ALICE, BOB, ALICE, ALICE):
            tracker.mark_online(user)
        assert tracker.get_online() == 2

    def test_seen_a_microsecond_less_than_five_minutes_ago_is_online(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=5, microseconds=-1)
        assert tracker.get_online() == 1
        assert [user_id for user_id, _ in tracker.online_users()] == [ALICE.id]

    def test_seen_exactly_five_minutes_ago_is_offline(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=5)
        assert tracker.get_online() == 0
        assert tracker.online_users() == []

    def test_the_boundary_is_exact_at_any_time_of_day(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        tracker = make_tracker(clock=clock, keep=AN_HOUR)
        dice = random.Random(20200302)
        for user_id in range(1, 101):
            clock.advance(hours=2, microseconds=dice.randrange(3_600_000_000))
            window = tracker.resolution + timedelta(microseconds=dice.randrange(2, 3_500_000_000))
            tracker.mark_online(Someone(user_id))
            clock.advance(microseconds=window // timedelta(microseconds=1) - 1)
            assert tracker.get_online(window) == 1, (clock.now, window)
            clock.advance(microseconds=1)
            assert tracker.get_online(window) == 0, (clock.now, window)

    def test_users_leave_one_by_one_in_the_order_they_were_last_seen(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        for user in (ALICE, BOB, CAROL, ALICE):
            tracker.mark_online(user)
            clock.advance(minutes=1)
        counts = []
        for _ in range(6):
            counts.append(tracker.get_online())
            clock.advance(minutes=1)
        assert counts == [3, 3, 2, 1, 0, 0]
