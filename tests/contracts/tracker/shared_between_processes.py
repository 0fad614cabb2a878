"""Shared between processes, or one process only: whether a worker counts whom another has seen.

Two trackers stand for the trackers of two workers; the tests of deployment start real ones.
"""

from __future__ import annotations

from tests.contracts.tracker.fixtures import MakeTracker, TrackerFixtures
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL


class SharedBetweenProcesses(TrackerFixtures):
    """For a tracker that declares shared_between_processes."""

    def test_all_workers_count_whom_one_has_marked(self, make_tracker: MakeTracker, clock: FakeClock) -> None:
        one, other = make_tracker(clock=clock), make_tracker(clock=clock)
        for worker, user in ((one, ALICE), (other, BOB), (one, BOB), (other, CAROL)):
            clock.advance(seconds=1)
            worker.mark_online(user)
        assert one.get_online() == other.get_online() == 3
        assert one.online_users() == other.online_users()
        assert one.last_seen(CAROL) == other.last_seen(CAROL) == clock.now

    def test_a_worker_whose_clock_lags_moves_nobody_backwards(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        lagging_clock = FakeClock()
        lagging_clock.advance(seconds=-90)
        right, lagging = make_tracker(clock=clock), make_tracker(clock=lagging_clock)
        right.mark_online(ALICE)
        lagging.mark_online(ALICE)
        assert right.last_seen(ALICE) == lagging.last_seen(ALICE) == clock.now

    def test_whom_a_fast_worker_has_marked_stays_for_too_long_and_so_hosts_need_ntp(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        fast_clock = FakeClock()
        fast_clock.advance(hours=1)
        right, fast = make_tracker(clock=clock), make_tracker(clock=fast_clock)
        fast.mark_online(ALICE)
        clock.advance(minutes=1)
        right.mark_online(ALICE)
        assert right.last_seen(ALICE) == fast_clock.now
        clock.advance(hours=1, minutes=4, microseconds=-1)
        assert right.get_online() == 1
        clock.advance(microseconds=1)
        assert right.get_online() == 0


class OneProcessOnly(TrackerFixtures):
    """For a tracker that does not: each worker knows only whom it has served itself."""

    def test_no_other_worker_counts_whom_one_has_marked(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        one, other = make_tracker(clock=clock), make_tracker(clock=clock)
        one.mark_online(ALICE)
        assert (one.get_online(), other.get_online()) == (1, 0)
        assert other.online_users() == []
        assert other.last_seen(ALICE) is None
