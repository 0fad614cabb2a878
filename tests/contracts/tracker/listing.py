"""Listing: who is online and since when, newest first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import TrackerFixtures
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone


class Listing(TrackerFixtures):
    """online_users() with its window and its limit."""

    def test_users_are_listed_newest_first_with_their_times(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        times = {}
        for user in (ALICE, BOB, CAROL, ALICE):
            clock.advance(minutes=1)
            tracker.mark_online(user)
            times[user.id] = clock.now
        assert tracker.online_users() == [(user_id, times[user_id]) for user_id in (1, 3, 2)]
        for limit in (1, 2):
            assert tracker.online_users(limit=limit) == tracker.online_users()[:limit]

    def test_a_hundred_users_are_listed_unless_told_otherwise(self, tracker: OnlineTracker) -> None:
        for user_id in range(1, 103):
            tracker.mark_online(Someone(user_id))
        assert len(tracker.online_users()) == 100
        assert len(tracker.online_users(limit=101)) == 101

    def test_a_list_of_nobody_is_refused(self, tracker: OnlineTracker) -> None:
        for limit in (0, -1):
            with pytest.raises(ValueError, match="limit"):
                tracker.online_users(limit=limit)

    def test_a_list_within_a_window_holds_whom_the_count_counts(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(seconds=60)
        tracker.mark_online(BOB)
        assert tracker.online_users(timedelta(seconds=60)) == [(BOB.id, clock.now)]
