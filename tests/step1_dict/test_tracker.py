"""The contract, kept by DictTracker, and what it promises beyond."""

from __future__ import annotations

import random
import sys
import time
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from runpy import run_path
from typing import Any

import pytest

import step1_dict.tracker
from common.presence import OnlineTracker
from step1_dict.tracker import DictTracker, steady_clock
from tests.contracts.tracker.any_window import ForgetsAfterKeep
from tests.contracts.tracker.clock_set_back import HoldsTheNewestTime
from tests.contracts.tracker.contract import TrackerContract
from tests.contracts.tracker.fixtures import MakeTracker
from tests.contracts.tracker.shared_between_processes import OneProcessOnly
from tests.contracts.tracker.survives_restart import ForgetsAtRestart
from tests.helpers.clock import FakeClock
from tests.helpers.examples import run_example
from tests.helpers.threads import join, run_at_once, start_thread
from tests.helpers.users import ALICE, BOB, CAROL, Someone


class TestDictTrackerKeepsTheContract(
    TrackerContract, ForgetsAtRestart, OneProcessOnly, ForgetsAfterKeep, HoldsTheNewestTime
):
    """Step 1."""

    @pytest.fixture
    def make_tracker(self) -> MakeTracker:
        return DictTracker


def test_the_dict_keeps_its_promises_in_the_eyes_of_the_type_checker() -> None:
    tracker: OnlineTracker = DictTracker()
    assert not (tracker.survives_restart or tracker.shared_between_processes or tracker.any_window)
    assert (tracker.outages, tracker.overloads) == ((), ())


def crowded(clock: FakeClock, users: int, keep: timedelta = timedelta(minutes=5)) -> DictTracker:
    """Return a tracker of that many users, all seen now."""
    tracker = DictTracker(keep=keep, clock=clock)
    for user_id in range(users):
        tracker.mark_online(Someone(user_id))
    return tracker


@pytest.mark.parametrize("who_left", [0, 3000])
def test_a_count_and_a_listing_at_once_with_marks_break_nothing(who_left: int) -> None:
    clock = FakeClock()
    tracker = crowded(clock, who_left, keep=timedelta(minutes=10))
    clock.advance(minutes=10)
    usual_interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # let the threads take turns as often as they can

    def work(number: int) -> None:
        for user_id in range(1, 151):
            tracker.mark_online(Someone(number * 10_000 + user_id))
            for window in (timedelta(minutes=5), timedelta(minutes=10)):
                assert user_id <= tracker.get_online(window) <= 8 * 150
            assert user_id <= len(tracker.online_users(timedelta(minutes=5), limit=2000)) <= 8 * 150

    try:
        run_at_once(*[partial(work, number) for number in range(1, 9)])
    finally:
        sys.setswitchinterval(usual_interval)
    assert tracker.get_online() == len(tracker._last_seen) == 8 * 150


def test_a_call_removes_a_few_of_a_crowd_that_has_left_and_counts_none_of_it() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 1000)
    clock.advance(minutes=5)
    newcomers = [Someone(1000 + number) for number in range(50)]
    for number, newcomer in enumerate(newcomers, start=1):
        tracker.mark_online(newcomer)
        # a mark removes ten and adds one, a count removes ten
        assert len(tracker._last_seen) == 1000 - 2 * 10 * (number - 1) - 10 + number
        assert tracker.get_online() == number
    assert len(tracker._last_seen) == 50


def test_whoever_has_left_and_is_not_removed_yet_is_in_no_answer() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 1000, keep=timedelta(minutes=10))
    clock.advance(minutes=10)
    tracker.mark_online(ALICE)
    assert len(tracker._last_seen) == 991
    assert tracker.online_users() == [(ALICE.id, clock.now)]
    assert tracker.last_seen(Someone(999)) is None
    for window in (timedelta(minutes=5), timedelta(minutes=10)):
        assert tracker.get_online(window) == 1


def test_a_user_who_comes_back_before_being_removed_is_online_again() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 1000)
    clock.advance(minutes=5)
    for user_id in (5, 999):  # the first of them is removed by this mark, and comes back
        tracker.mark_online(Someone(user_id))
    assert tracker.get_online() == 2
    clock.advance(minutes=4)
    for _ in range(100):
        assert tracker.get_online() == 2
    assert list(tracker._last_seen) == [5, 999]


@pytest.mark.parametrize("leaving", ["all at once", "one by one"])
def test_memory_never_holds_more_users_than_were_active_within_keep(leaving: str) -> None:
    clock = FakeClock()
    tracker, most_active, last_marked = DictTracker(clock=clock), 0, dict[int, datetime]()
    dice = random.Random(20200302)
    for _ in range(10):  # crowds of other users each time, with a pause or none between them
        first = dice.randrange(2000)
        for user_id in range(first, first + dice.randrange(1, 150)):
            clock.advance(seconds=0 if leaving == "all at once" else dice.choice((1, 2)))
            tracker.mark_online(Someone(user_id))
            last_marked[user_id] = clock.now
            active = sum(seen > clock.now - timedelta(minutes=5) for seen in last_marked.values())
            most_active = max(most_active, active)
            assert tracker.get_online() == active <= len(tracker._last_seen) <= most_active
        clock.advance(minutes=dice.randrange(0, 7))


def test_memory_comes_back_once_everyone_has_gone() -> None:
    clock = FakeClock()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracker = crowded(clock, 20_000)
    full = tracemalloc.get_traced_memory()[0] - before
    clock.advance(minutes=5)
    for _ in range(2000):
        tracker.mark_online(ALICE)
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert tracker.get_online() == 1
    assert left < full / 50


def test_memory_comes_back_once_everyone_has_signed_out_or_closed_the_page() -> None:
    clock = FakeClock()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracker = crowded(clock, 20_000)
    full = tracemalloc.get_traced_memory()[0] - before
    for user_id in range(20_000):
        tracker.mark_offline(Someone(user_id), timedelta(seconds=user_id % 2 * 10))
    clock.advance(seconds=9)
    tracker.mark_online(CAROL)
    tracker.mark_offline(CAROL, timedelta(seconds=10))  # so that their dict is never empty
    clock.advance(seconds=1)
    for _ in range(1100):
        tracker.mark_online(ALICE)
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert tracker.get_online() == 2
    assert left < full / 50


def test_the_dict_is_copied_once_a_64th_of_it_is_left() -> None:
    clock = FakeClock()
    tracker = DictTracker(clock=clock)
    for user_id in range(640):
        tracker.mark_online(Someone(user_id))
        clock.advance(microseconds=1)
    at_first = tracker._last_seen
    clock.advance(minutes=5, microseconds=-12)
    while tracker.get_online() < len(tracker._last_seen):
        pass
    assert len(tracker._last_seen) == 11
    assert tracker._last_seen is at_first
    clock.advance(microseconds=1)
    assert tracker.get_online() == 10
    copied = tracker._last_seen
    assert copied is not at_first
    clock.advance(microseconds=1)
    assert tracker.get_online() == 9
    assert tracker._last_seen is copied  # and is not copied anew for each who leaves


def test_who_had_to_wait_is_dated_by_the_end_of_the_wait_so_that_the_dict_stays_in_order() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 1)
    with tracker._lock:  # another thread is at it
        waits = [
            start_thread(partial(tracker.mark_online, ALICE)),
            start_thread(partial(tracker.mark_offline, Someone(0), timedelta(minutes=1))),
        ]
        for thread in waits:
            thread.join(0.1)
        clock.advance(seconds=10)
    join(*waits)
    assert tracker.last_seen(ALICE) == clock.now
    assert tracker.online_users() == [(ALICE.id, clock.now), (0, clock.now - timedelta(minutes=4))]


class SeenWhileBobArrives(int):
    """A last-seen time: a count that compares it must let another thread mark bob meanwhile."""

    mark_bob: Callable[[], None]

    def __gt__(self, other: int) -> bool:
        run_at_once(self.mark_bob)  # fails if bob has to wait for the count
        return super().__gt__(other)


def test_a_mark_does_not_wait_for_a_count_that_looks_at_everybody() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 3, keep=timedelta(minutes=10))
    seen = tracker._last_seen[1] = SeenWhileBobArrives(tracker._last_seen[1])
    seen.mark_bob = partial(tracker.mark_online, Someone(4711))
    assert tracker.get_online(timedelta(minutes=5)) == 3
    assert list(tracker._last_seen) == [0, 1, 2, 4711]


class NotToBeLookedAt(OrderedDict[Any, int]):
    """Fails whoever asks for its times."""

    def values(self) -> Any:
        pytest.fail("looked")


def test_nobody_is_looked_at_before_somebody_can_leave() -> None:
    clock = FakeClock()
    tracker = DictTracker(clock=clock)
    tracker.mark_online(ALICE)
    tracker._in_order[0] = tracker._last_seen = NotToBeLookedAt(tracker._last_seen)
    clock.advance(minutes=4)
    tracker.mark_online(BOB)
    assert tracker.get_online() == 2


def test_who_leaves_looks_at_nobody_else_however_many_leave_together() -> None:
    clock = FakeClock()
    tracker = DictTracker(clock=clock)
    for user in (ALICE, BOB, CAROL):
        tracker.mark_online(user)
    tracker.mark_offline(ALICE, timedelta(seconds=10))
    (back,) = set(tracker._in_order) - {0}
    tracker._in_order[0] = tracker._last_seen = NotToBeLookedAt(tracker._last_seen)
    tracker._in_order[back] = NotToBeLookedAt(tracker._in_order[back])
    clock.advance(seconds=1)
    tracker.mark_offline(BOB, timedelta(seconds=10))
    tracker.mark_online(ALICE)
    assert [len(users) for users in tracker._in_order.values()] == [2, 1]


def test_a_dict_for_those_who_leave_is_dropped_once_they_have_left() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 100)
    for user_id in range(100):
        tracker.mark_offline(Someone(user_id), timedelta(seconds=user_id))
    assert [len(users) for users in tracker._in_order.values()] == [0] + 100 * [1]
    clock.advance(seconds=99)
    assert tracker.get_online() == 0
    assert list(tracker._in_order) == [0]


def test_a_crowd_that_is_leaving_is_not_copied() -> None:
    clock = FakeClock()
    tracker = crowded(clock, 100)
    for user_id in range(1, 100):
        tracker.mark_offline(Someone(user_id), timedelta(seconds=10))
    tracker.mark_offline(Someone(0))
    *_, crowd, _ = tracker._in_order.values()
    assert tracker.get_online() == 99  # and removes the one who has left
    assert list(tracker._in_order.values()) == [{}, crowd]
    assert tracker._in_order.popitem()[1] is crowd


class NothingTakenOut(OrderedDict[Any, int]):
    """Fails a call that takes a user out: a dict that is changed so is copied every now and then."""

    def pop(self, *_: Any) -> Any:
        pytest.fail("taken out")


def test_a_mark_takes_nobody_out_and_puts_nobody_in_again_while_somebody_is_leaving() -> None:
    tracker = DictTracker(clock=FakeClock())
    for user in (ALICE, BOB):
        tracker.mark_online(user)
    tracker.mark_offline(ALICE, timedelta(seconds=10))
    tracker._in_order[0] = tracker._last_seen = NothingTakenOut(tracker._last_seen)
    for user in (BOB, ALICE):
        tracker.mark_online(user)
    assert [list(users) for users in tracker._in_order.values()] == [[BOB.id, ALICE.id], []]


def test_time_may_begin_with_the_first_second_of_1970() -> None:
    clock = FakeClock(datetime(1970, 1, 1, 0, 0, 0, 100_000, tzinfo=UTC))
    tracker = DictTracker(window=timedelta(seconds=0.5), clock=clock)
    tracker.mark_online(ALICE)
    assert tracker.last_seen(ALICE) == clock.now
    clock.advance(seconds=0.5)
    assert tracker.get_online() == 0


def test_the_default_count_looks_at_nobody() -> None:
    tracker = DictTracker(clock=FakeClock())
    for user_id in range(1000):
        tracker.mark_online(Someone(user_id))
    steps = 0

    def count_lines(*_: object) -> object:
        nonlocal steps
        steps += 1
        return count_lines

    sys.settrace(count_lines)  # type: ignore[arg-type]
    try:
        assert tracker.get_online() == 1000
    finally:
        sys.settrace(None)
    assert 0 < steps < 50


def test_the_default_clock_shows_the_wall_time_at_start_and_cannot_be_set() -> None:
    wall, monotonic = [1_700_000_000.0], [50.0]
    clock = steady_clock(lambda: wall[0], lambda: monotonic[0])
    assert clock() == 1_700_000_000.0
    wall[0] -= 3600
    monotonic[0] += 2.5
    assert clock() == 1_700_000_002.5


def test_unless_told_otherwise_a_tracker_goes_by_the_clock_that_nobody_can_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, monotonic = FakeClock(), FakeClock()
    monkeypatch.setattr(time, "time", wall)
    monkeypatch.setattr(time, "monotonic", monotonic)
    lifted = run_path(step1_dict.tracker.__file__)  # anew, so that it finds these two
    tracker = lifted["DictTracker"]()
    tracker.mark_online(ALICE)
    assert tracker.last_seen(ALICE) == wall.now
    wall.advance(hours=1)  # somebody sets the clock
    assert tracker.get_online() == 1
    wall.advance(hours=-2)
    monotonic.advance(minutes=5)
    assert tracker.get_online() == 0


def test_the_example_at_the_top_of_the_file_runs() -> None:
    made = run_example(step1_dict.tracker, user=ALICE)
    assert made["tracker"].get_online() == 1
