"""A clock set back: it moves nobody backwards, and a tracker holds the newest time or follows the clock.

One process knows the newest time that it has read, and so its marks stay in order. No host knows the newest
time of all hosts, so what they share is marked and asked with the time that each of them reads.
"""

from __future__ import annotations

from datetime import timedelta

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import TrackerFixtures
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB


class NeverBackwards(TrackerFixtures):
    """An earlier time never replaces a later one, in every tracker."""

    def test_a_clock_set_back_moves_nobody_backwards(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.advance(seconds=-90)
        tracker.mark_online(ALICE)
        assert tracker.last_seen(ALICE) == marked_at
        assert tracker.get_online() == 1


class HoldsTheNewestTime(TrackerFixtures):
    """For a tracker to which time stands still while its clock is back."""

    def test_whoever_comes_while_the_clock_is_back_is_the_newest(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        alice_seen = clock.now
        clock.advance(hours=-1)
        tracker.mark_online(BOB)
        assert tracker.online_users() == [(BOB.id, alice_seen), (ALICE.id, alice_seen)]

    def test_whoever_had_left_stays_away_while_the_clock_is_back(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=4)
        assert tracker.get_online(timedelta(minutes=2)) == 0
        clock.advance(minutes=-3)
        assert tracker.get_online(timedelta(minutes=2)) == 0


class FollowsTheClock(TrackerFixtures):
    """For a tracker that takes its clock as it reads."""

    def test_whoever_comes_while_the_clock_is_back_is_seen_at_that_time(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        alice_seen = clock.now
        clock.advance(hours=-1)
        tracker.mark_online(BOB)
        assert tracker.online_users() == [(ALICE.id, alice_seen), (BOB.id, clock.now)]

    def test_whoever_had_left_is_back_while_the_clock_is_back(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=4)
        assert tracker.get_online(timedelta(minutes=2)) == 0
        clock.advance(minutes=-3)
        assert tracker.get_online(timedelta(minutes=2)) == 1
