"""Any window, or keep: a tracker answers windows of any length, or forgets a user once keep has passed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import MakeTracker, TrackerFixtures
from tests.helpers.clock import AN_HOUR, FIVE_MINUTES, MICROSECOND, FakeClock
from tests.helpers.users import ALICE, BOB


class AnswersAnyWindow(TrackerFixtures):
    """For a tracker that declares any_window."""

    def test_any_window_can_be_asked_for(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        clock.advance(days=2)
        assert tracker.get_online(timedelta(days=3)) == 1
        clock.advance(days=2)
        tracker.mark_online(BOB)
        assert tracker.get_online(timedelta(days=3)) == 1
        assert tracker.get_online(timedelta(days=5)) == 2
        assert tracker.get_online(timedelta.max) == 2
        assert len(tracker.online_users(timedelta.max)) == 2

    def test_last_seen_is_never_forgotten(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        for wait in (FIVE_MINUTES, timedelta(days=365)):
            clock.now += wait
            assert tracker.last_seen(ALICE) == marked_at


class ForgetsAfterKeep(TrackerFixtures):
    """For a tracker that does not: its memory is bounded by the users active within keep."""

    def test_a_window_longer_than_keep_is_refused(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        clock.advance(days=2)
        for ask in (tracker.get_online, tracker.online_users, tracker.check_window):
            for window in (FIVE_MINUTES + MICROSECOND, timedelta(days=3)):
                with pytest.raises(ValueError, match="longer than"):
                    ask(window)

    def test_a_default_window_longer_than_keep_is_refused_at_once(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        with pytest.raises(ValueError, match="longer than"):
            make_tracker(clock=clock, window=FIVE_MINUTES, keep=timedelta(minutes=4))

    @pytest.mark.parametrize("keep", [None, AN_HOUR], ids=["as long as the window", "an hour"])
    def test_last_seen_is_forgotten_after_keep_and_not_before(
        self, make_tracker: MakeTracker, clock: FakeClock, keep: timedelta | None
    ) -> None:
        tracker = make_tracker(clock=clock, keep=keep)
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.now += (keep or FIVE_MINUTES) - MICROSECOND
        assert tracker.last_seen(ALICE) == marked_at
        clock.now += MICROSECOND
        assert tracker.last_seen(ALICE) is None
