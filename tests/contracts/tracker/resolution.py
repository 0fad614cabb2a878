"""Resolution: how stale the last seen time may be of a user who has just come; zero is exact."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import TrackerFixtures
from tests.helpers.clock import FIVE_MINUTES, MICROSECOND, FakeClock
from tests.helpers.users import ALICE


class Resolution(TrackerFixtures):
    """What every tracker promises about the resolution that it declares."""

    def test_last_seen_is_at_most_the_resolution_old_and_never_in_the_future(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        dice = random.Random(20200302)
        for _ in range(100):
            clock.advance(microseconds=dice.randrange(1, 20_000_000))
            tracker.mark_online(ALICE)
            seen = tracker.last_seen(ALICE)
            assert seen is not None
            assert timedelta(0) <= clock.now - seen <= tracker.resolution

    def test_a_mark_is_kept_as_soon_as_the_resolution_has_passed(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.now += tracker.resolution + MICROSECOND
        tracker.mark_online(ALICE)
        assert tracker.last_seen(ALICE) == clock.now

    def test_a_user_leaves_at_most_the_resolution_early_and_never_late(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.now += tracker.resolution
        tracker.mark_online(ALICE)
        came_at = clock.now
        clock.now = came_at + FIVE_MINUTES - tracker.resolution - MICROSECOND
        assert tracker.get_online() == 1
        clock.now = came_at + FIVE_MINUTES
        assert tracker.get_online() == 0

    def test_a_window_within_the_resolution_is_refused(self, tracker: OnlineTracker) -> None:
        for ask in (tracker.get_online, tracker.online_users, tracker.check_window):
            with pytest.raises(ValueError, match="ask for more"):
                ask(tracker.resolution)
        assert tracker.get_online(tracker.resolution + MICROSECOND) == 0
