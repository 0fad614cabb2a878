"""Last seen: the time of a user's newest mark, in UTC; how exact it is, is a matter of the resolution."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import TrackerFixtures
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB


class LastSeen(TrackerFixtures):
    """last_seen() of one user."""

    @pytest.mark.usefixtures("in_beijing")  # on a machine in UTC, local time would look right
    def test_last_seen_is_an_aware_utc_time_to_the_microsecond(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.advance(minutes=1)
        ((_, listed),) = tracker.online_users()
        for seen in (tracker.last_seen(ALICE), listed):
            assert seen is not None
            assert seen == marked_at
            assert seen.utcoffset() == timedelta(0)

    def test_nobody_has_seen_a_user_who_never_came(self, tracker: OnlineTracker) -> None:
        tracker.mark_online(ALICE)
        assert tracker.last_seen(BOB) is None
