"""What every tracker promises. A step's test class inherits this and says how its tracker is made."""

from __future__ import annotations

import random
from datetime import UTC, timedelta
from functools import partial
from typing import Protocol

import pytest

from common.presence import OnlineTracker
from tests.helpers.clock import AN_HOUR, FIVE_MINUTES, FakeClock
from tests.helpers.threads import run_at_once
from tests.helpers.users import ALICE, BOB, CAROL, Someone


class MakeTracker(Protocol):
    """Makes a tracker that has seen nobody, for users with the ids 1 to 200; its resolution is zero."""

    def __call__(
        self, *, clock: FakeClock, window: timedelta = ..., keep: timedelta | None = ...
    ) -> OnlineTracker: ...


class TrackerContract:
    """The promises. Provide a fixture make_tracker (see MakeTracker)."""

    @pytest.fixture
    def make_tracker(self) -> MakeTracker:
        raise NotImplementedError("the step's test class makes its own tracker")

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def tracker(self, make_tracker: MakeTracker, clock: FakeClock) -> OnlineTracker:
        return make_tracker(clock=clock)

    # --- counting ---

    def test_nobody_is_online_at_first(self, tracker: OnlineTracker) -> None:
        assert tracker.get_online() == 0
        assert tracker.online_users() == []

    def test_each_user_counts_once_however_often_seen(self, tracker: OnlineTracker) -> None:
        for user in (ALICE, BOB, ALICE, ALICE):
            tracker.mark_online(user)
        assert tracker.get_online() == 2

    def test_the_window_is_five_minutes_and_not_five_days(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        assert tracker.window == FIVE_MINUTES
        tracker.mark_online(ALICE)
        clock.advance(minutes=6)
        assert tracker.get_online() == 0

    def test_seen_a_microsecond_less_than_five_minutes_ago_is_online(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=5, microseconds=-1)
        assert tracker.get_online() == 1
        assert [user_id for user_id, _ in tracker.online_users()] == [ALICE.id]

    def test_seen_exactly_five_minutes_ago_is_offline(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=5)
        assert tracker.get_online() == 0
        assert tracker.online_users() == []

    def test_the_boundary_is_exact_at_any_time_of_day(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        tracker = make_tracker(clock=clock, keep=AN_HOUR)
        dice = random.Random(20200302)
        for user_id in range(1, 101):
            clock.advance(hours=2, microseconds=dice.randrange(3_600_000_000))
            window = timedelta(microseconds=dice.randrange(2, 3_600_000_000))
            tracker.mark_online(Someone(user_id))
            clock.advance(microseconds=window // timedelta(microseconds=1) - 1)
            assert tracker.get_online(window) == 1, (clock.now, window)
            clock.advance(microseconds=1)
            assert tracker.get_online(window) == 0, (clock.now, window)

    def test_another_request_keeps_a_user_online(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        clock.advance(minutes=4)
        tracker.mark_online(ALICE)
        clock.advance(minutes=4)
        assert tracker.get_online() == 1

    def test_users_leave_one_by_one_in_the_order_they_were_last_seen(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        for user in (ALICE, BOB, CAROL, ALICE):
            tracker.mark_online(user)
            clock.advance(minutes=1)
        counts = []
        for _ in range(6):
            counts.append(tracker.get_online())
            clock.advance(minutes=1)
        assert counts == [3, 3, 2, 1, 0, 0]

    # --- windows ---

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

    def test_a_window_longer_than_keep_is_refused_unless_all_is_kept(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(days=2)
        if tracker.any_window:
            assert tracker.get_online(timedelta(days=3)) == 1
        else:
            with pytest.raises(ValueError, match="longer than"):
                tracker.get_online(timedelta(minutes=5, microseconds=1))
            with pytest.raises(ValueError, match="longer than"):
                tracker.online_users(timedelta(days=3))

    @pytest.mark.parametrize("window", [5, 5.0, "5"])
    def test_a_window_without_a_unit_is_a_type_error(self, tracker: OnlineTracker, window: timedelta) -> None:
        for ask in (tracker.get_online, tracker.online_users, tracker.check_window):
            with pytest.raises(TypeError, match=r"timedelta\(minutes="):
                ask(window)

    @pytest.mark.parametrize("window", [timedelta(0), timedelta(microseconds=-1), -FIVE_MINUTES])
    def test_a_window_of_zero_or_less_is_refused(self, tracker: OnlineTracker, window: timedelta) -> None:
        for ask in (tracker.get_online, tracker.online_users, tracker.check_window):
            with pytest.raises(ValueError, match="more than zero"):
                ask(window)

    def test_a_window_that_can_be_answered_comes_back_as_it_is(self, tracker: OnlineTracker) -> None:
        assert tracker.check_window(None) == FIVE_MINUTES
        assert tracker.check_window(timedelta(seconds=6)) == timedelta(seconds=6)

    def test_a_default_window_that_cannot_be_answered_is_refused_at_once(
        self, make_tracker: MakeTracker, clock: FakeClock
    ) -> None:
        with pytest.raises(ValueError, match="more than zero"):
            make_tracker(clock=clock, window=timedelta(0))
        if not make_tracker(clock=clock).any_window:
            with pytest.raises(ValueError, match="longer than"):
                make_tracker(clock=clock, window=FIVE_MINUTES, keep=timedelta(minutes=4))

    # --- listing and last seen ---

    def test_users_are_listed_newest_first_with_their_times(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        times = {}
        for user in (ALICE, BOB, CAROL, ALICE):
            clock.advance(seconds=1)
            tracker.mark_online(user)
            times[user.id] = clock.now
        assert tracker.online_users() == [(user_id, times[user_id]) for user_id in (1, 3, 2)]
        assert tracker.online_users(limit=2) == tracker.online_users()[:2]

    def test_a_hundred_users_are_listed_unless_told_otherwise(self, tracker: OnlineTracker) -> None:
        for user_id in range(1, 103):
            tracker.mark_online(Someone(user_id))
        assert len(tracker.online_users()) == 100
        assert len(tracker.online_users(limit=101)) == 101

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_list_of_nobody_is_refused(self, tracker: OnlineTracker, limit: int) -> None:
        with pytest.raises(ValueError, match="limit"):
            tracker.online_users(limit=limit)

    def test_a_list_within_a_window_holds_whom_the_count_counts(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        clock.advance(seconds=60)
        tracker.mark_online(BOB)
        assert tracker.online_users(timedelta(seconds=60)) == [(BOB.id, clock.now)]

    def test_last_seen_is_an_aware_utc_time_to_the_microsecond(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.advance(minutes=1)
        seen = tracker.last_seen(ALICE)
        assert seen is not None
        assert seen == marked_at
        assert seen.utcoffset() == timedelta(0)

    def test_nobody_has_seen_a_user_who_never_came(self, tracker: OnlineTracker) -> None:
        tracker.mark_online(ALICE)
        assert tracker.last_seen(BOB) is None

    def test_last_seen_is_forgotten_after_keep_unless_all_is_kept(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.advance(minutes=5)
        assert tracker.last_seen(ALICE) == (marked_at if tracker.any_window else None)

    # --- time and threads ---

    def test_a_clock_set_back_moves_nobody_backwards(self, tracker: OnlineTracker, clock: FakeClock) -> None:
        tracker.mark_online(ALICE)
        marked_at = clock.now
        clock.advance(seconds=-90)
        tracker.mark_online(ALICE)
        assert tracker.last_seen(ALICE) == marked_at
        assert tracker.get_online() == 1

    def test_a_mark_is_exact_when_the_resolution_is_zero(
        self, tracker: OnlineTracker, clock: FakeClock
    ) -> None:
        assert tracker.resolution == timedelta(0)
        tracker.mark_online(ALICE)
        clock.advance(microseconds=1)
        tracker.mark_online(ALICE)
        assert tracker.last_seen(ALICE) == clock.now.astimezone(UTC)

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

    def test_what_differs_between_the_steps_is_declared(self, tracker: OnlineTracker) -> None:
        for declared in (tracker.survives_restart, tracker.shared_between_processes, tracker.any_window):
            assert isinstance(declared, bool)
        assert all(issubclass(outage, Exception) for outage in tracker.outages)
