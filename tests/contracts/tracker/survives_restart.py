"""Survives a restart, or forgets at a restart: what is left of the users when the app starts anew.

A second tracker stands for the one that the app makes when it starts again; the tests of what survives end
real processes.
"""

from __future__ import annotations

from tests.contracts.tracker.fixtures import MakeTracker, TrackerFixtures
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB


class SurvivesRestart(TrackerFixtures):
    """For a tracker that declares survives_restart."""

    def test_after_a_restart_users_are_online_for_as_long_as_without(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        tracker = make_tracker(clock=clock)
        tracker.mark_online(ALICE)
        clock.advance(minutes=1)
        tracker.mark_online(BOB)
        before = tracker.online_users()
        tracker = make_tracker(clock=clock)
        assert tracker.online_users() == before
        clock.advance(minutes=4)
        assert tracker.get_online() == 1
        clock.advance(minutes=1)
        assert tracker.get_online() == 0


class ForgetsAtRestart(TrackerFixtures):
    """For a tracker that does not: it begins with nobody."""

    def test_after_a_restart_nobody_is_online_until_the_next_request(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        tracker = make_tracker(clock=clock)
        tracker.mark_online(ALICE)
        tracker = make_tracker(clock=clock)
        assert tracker.get_online() == 0
        assert tracker.last_seen(ALICE) is None
        tracker.mark_online(ALICE)
        assert tracker.get_online() == 1
