"""What each capability starts from: a clock that the test moves, and a tracker that reads it."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import pytest

from common.presence import OnlineTracker
from tests.helpers.clock import FakeClock


class MakeTracker(Protocol):
    """Makes a tracker for users with the ids 1 to 200, whose resolution is zero, or half a minute at most.

    What trackers can share is shared by all that are made in one test, and is empty when the test begins. A
    tracker that forgets nobody ignores keep.
    """

    def __call__(
        self, *, clock: FakeClock, window: timedelta = ..., keep: timedelta | None = ...
    ) -> OnlineTracker: ...


class TrackerFixtures:
    """Lends a clock and a tracker to the promises. A step's test class overrides make_tracker."""

    @pytest.fixture
    def make_tracker(self) -> MakeTracker:
        raise NotImplementedError("the step's test class makes its own tracker")

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def tracker(self, make_tracker: MakeTracker, clock: FakeClock) -> OnlineTracker:
        return make_tracker(clock=clock)
