"""The contract, kept by DictTracker, and what it promises beyond."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

import step1_dict.tracker
from common.presence import OnlineTracker
from step1_dict.tracker import DictTracker, steady_clock
from tests.contracts.tracker.any_window import ForgetsAfterKeep
from tests.contracts.tracker.clock_set_back import HoldsTheNewestTime
from tests.contracts.tracker.every_tracker import TrackerContract
from tests.contracts.tracker.fixtures import MakeTracker
from tests.contracts.tracker.shared_between_processes import OneProcessOnly
from tests.contracts.tracker.survives_restart import ForgetsAtRestart
from tests.helpers.clock import FakeClock
from tests.helpers.examples import run_example
from tests.helpers.threads import run_at_once
from tests.helpers.users import ALICE, BOB, Someone


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


def test_a_count_and_a_listing_at_once_with_marks_break_nothing() -> None:
    clock = FakeClock()
    tracker = DictTracker(keep=timedelta(minutes=10), clock=clock)
    usual_interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # let the threads take turns as often as they can

    def work(number: int) -> None:
        for user_id in range(150):
            tracker.mark_online(Someone(number * 10_000 + user_id))
            tracker.get_online(timedelta(minutes=5))
            tracker.online_users(timedelta(minutes=5), limit=3)

    try:
        run_at_once(*[partial(work, number) for number in range(8)])
    finally:
        sys.setswitchinterval(usual_interval)
    assert tracker.get_online() == 8 * 150


def test_memory_holds_only_those_active_within_keep() -> None:
    clock = FakeClock()
    tracker = DictTracker(clock=clock)
    for user_id in range(1000):
        tracker.mark_online(Someone(user_id))
        clock.advance(seconds=3)
    assert len(tracker._last_seen) == 100


def test_memory_comes_back_once_everyone_has_gone() -> None:
    clock = FakeClock()
    tracemalloc.start()
    tracker = DictTracker(clock=clock)
    before = tracemalloc.get_traced_memory()[0]
    for user_id in range(20_000):
        tracker.mark_online(Someone(user_id))
    full = tracemalloc.get_traced_memory()[0] - before
    clock.advance(minutes=5)
    tracker.mark_online(ALICE)
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert tracker.get_online() == 1
    assert left < full / 50


def test_the_dict_is_copied_once_three_quarters_have_gone() -> None:
    clock = FakeClock()
    tracker = DictTracker(clock=clock)
    for user_id in range(100):
        tracker.mark_online(Someone(user_id))
        clock.advance(seconds=1)
    at_first = tracker._last_seen
    clock.advance(seconds=300 - 100 + 73)
    assert tracker.get_online() == 26
    assert tracker._last_seen is at_first
    clock.advance(seconds=1)
    assert tracker.get_online() == 25
    assert tracker._last_seen is not at_first


class NotToBeLookedAt(OrderedDict[Any, int]):
    """Fails whoever asks for its times."""

    def values(self) -> Any:
        pytest.fail("looked")


def test_nobody_is_looked_at_before_somebody_can_leave() -> None:
    clock = FakeClock()
    tracker = DictTracker(clock=clock)
    tracker.mark_online(ALICE)
    tracker._last_seen = NotToBeLookedAt(tracker._last_seen)
    clock.advance(minutes=4)
    tracker.mark_online(BOB)
    assert tracker.get_online() == 2


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


def test_the_default_count_is_exact_at_any_time_of_day() -> None:
    clock = FakeClock()
    dice = random.Random(20200302)
    for _ in range(300):
        clock.advance(microseconds=dice.randrange(3_600_000_000))
        window = timedelta(microseconds=dice.randrange(2, 3_600_000_000))
        tracker = DictTracker(window, clock=clock)
        tracker.mark_online(ALICE)
        clock.advance(microseconds=window // timedelta(microseconds=1) - 1)
        assert tracker.get_online() == 1, (clock.now, window)
        clock.advance(microseconds=1)
        assert tracker.get_online() == 0, (clock.now, window)


def test_the_default_clock_shows_the_wall_time_at_start_and_cannot_be_set() -> None:
    wall, monotonic = [1_700_000_000.0], [50.0]
    clock = steady_clock(lambda: wall[0], lambda: monotonic[0])
    assert clock() == 1_700_000_000.0
    wall[0] -= 3600
    monotonic[0] += 2.5
    assert clock() == 1_700_000_002.5


def test_the_example_at_the_top_of_the_file_runs() -> None:
    made = run_example(step1_dict.tracker, user=ALICE)
    assert made["tracker"].get_online() == 1
