"""Windows: another one may be asked for, if it is a timedelta of more than zero."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import MakeTracker, TrackerFixtures
from tests.helpers.clock import AN_HOUR, FIVE_MINUTES, MICROSECOND, FakeClock
from tests.helpers.users import ALICE, BOB


class Windows(TrackerFixtures):
    """The windows that every tracker answers, and those that none does."""

    def test_a_shorter_window_counts_fewer(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        clock.advance(seconds=60)
        tracker.mark_online(BOB)
        assert tracker.get_online(timedelta(seconds=60)) == 1
        assert tracker.get_online(timedelta(seconds=61)) == 2
        assert tracker.get_online() == 2

    def test_a_longer_window_reaches_as_far_back_as_keep(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        tracker = make_tracker(clock=clock, keep=AN_HOUR)
        tracker.mark_online(ALICE)
        clock.advance(minutes=59)
        tracker.mark_online(BOB)
        assert tracker.get_online() == 1
        assert tracker.get_online(AN_HOUR) == 2

    def test_a_window_without_a_unit_is_a_type_error(self, tracker: OnlineTracker) -> None:
        windows: tuple[Any, ...] = (5, 5.0, "5")
        for ask, window in product((tracker.get_online, tracker.online_users, tracker.check_window), windows):
            with pytest.raises(TypeError, match=r"timedelta\(minutes="):
                ask(window)

    def test_a_window_of_zero_or_less_is_refused(self, tracker: OnlineTracker) -> None:
        windows = timedelta(0), -MICROSECOND, -FIVE_MINUTES
        for ask, window in product((tracker.get_online, tracker.online_users, tracker.check_window), windows):
            with pytest.raises(ValueError, match="more than zero"):
                ask(window)

    def test_a_default_window_of_zero_is_refused_at_once(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        with pytest.raises(ValueError, match="more than zero"):
            make_tracker(clock=clock, window=timedelta(0))

    def test_a_window_that_can_be_answered_comes_back_as_it_is(self, tracker: OnlineTracker) -> None:
        assert tracker.check_window(None) == FIVE_MINUTES
        assert tracker.check_window(timedelta(seconds=45)) == timedelta(seconds=45)
