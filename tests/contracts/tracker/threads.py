"""Threads: a server's threads mark and count at once, and all of it is right."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from common.presence import OnlineTracker
from tests.contracts.tracker.fixtures import TrackerFixtures
from tests.helpers.threads import run_at_once
from tests.helpers.users import Someone


class Threads(TrackerFixtures):
    """One tracker that the threads of one process use."""

    def test_threads_that_mark_at_once_lose_no_mark(self, tracker: OnlineTracker) -> None:
        def mark(first: int) -> None:
            for user_id in range(first, 201, 4):  # each user is marked by two threads
                tracker.mark_online(Someone(user_id))

        run_at_once(*[partial(mark, n % 4 + 1) for n in range(8)])
        assert tracker.get_online() == 200

    def test_whoever_counts_while_others_mark_never_sees_fewer(self, tracker: OnlineTracker) -> None:
        seen: list[list[int]] = []

        def mark(first: int) -> None:
            for user_id in range(first, 201, 4):
                tracker.mark_online(Someone(user_id))

        def count() -> None:
            counts = []
            for _ in range(50):
                counts += [tracker.get_online(), len(tracker.online_users(timedelta(minutes=4), limit=200))]
            seen.append(counts)

        run_at_once(*[partial(mark, n + 1) for n in range(4)], count, count)
        assert [sorted(counts) for counts in seen] == seen and len(seen) == 2
        assert tracker.get_online() == 200
