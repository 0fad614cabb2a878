"""Step 1's worst marks: while everybody leaves at once, the first one afterwards, and beside a count."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import cycle
from threading import Barrier, Event
from typing import Any

from step1_dict.tracker import DictTracker
from tests.helpers.threads import join, start_thread
from tools.benchmarks.experiments.with_dict import Someone
from tools.benchmarks.first_edition import FirstEditionDict
from tools.benchmarks.measure import Bench, worst_and_nearly_worst

THREADS = 4
FOUR, ONE = "dict marks of four threads", "dict marks of one thread"
COUNTS = 5  # of a shorter window, beside which one thread marks
WINDOW, SHORTER = timedelta(minutes=5), timedelta(minutes=4)
CALLERS = 1_000  # users who still call while the others leave


class MovableClock:
    """The wall clock, which can be moved on so that everybody leaves at once."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self.ahead

    def let_all_leave(self) -> None:
        """Move on by more than the window."""
        self.ahead += WINDOW.total_seconds() + 1


FORMS: dict[str, Callable[[MovableClock], Any]] = {
    "first edition": lambda clock: FirstEditionDict(WINDOW, clock=clock),
    "here": lambda clock: DictTracker(WINDOW, clock=clock),
}


def measure(bench: Bench) -> None:
    """Compare the first edition with what we have now; each round fills a dict anew, so there are few."""
    most = bench.results.sizes[-1]
    rounds, seconds = (2, 0.02) if bench.quick else (3, 1.0)
    with bench.progress("dict: the worst marks", len(FORMS) * rounds) as bar:
        for _ in range(rounds):
            for name, make in FORMS.items():
                clock = MovableClock()
                tracker = filled(make(clock), most)
                if name == "here":
                    keep(bench, FOUR, "undisturbed", marks_of(THREADS, tracker, seconds))
                    keep(bench, ONE, "undisturbed", marks_of(1, tracker, seconds))
                keep(bench, ONE, name, marks_beside_counts(tracker))
                clock.let_all_leave()
                keep(bench, FOUR, name, marks_of(THREADS, tracker, seconds))
                bar.update(1)
    for users in (most, 10 * most):
        turns = {name: partial(first_mark, make, users) for name, make in FORMS.items()}
        comparison = f"dict first mark after {users} have left"
        bench.results.seconds[comparison] = bench.in_turn(comparison, turns, 2, warm_up=False)


def keep(bench: Bench, comparison: str, name: str, durations: list[float]) -> None:
    """Keep the worst of a round's durations, and the one that one in a thousand is longer than."""
    for which, duration in zip(("worst", "p99.9"), worst_and_nearly_worst(durations), strict=True):
        samples = bench.results.seconds.setdefault(f"{comparison}, {which}", {})
        samples.setdefault(name, []).append(duration)


def filled(tracker: Any, users: int) -> Any:
    """Let all be seen by the tracker, and return it."""
    user = Someone(0)
    for user.id in range(CALLERS, CALLERS + users):
        tracker.mark_online(user)
    return tracker


def first_mark(make: Callable[[MovableClock], Any], users: int) -> float:
    """Return how long the first mark takes after all have left."""
    clock = MovableClock()
    tracker = filled(make(clock), users)
    clock.let_all_leave()
    began = time.perf_counter()
    tracker.mark_online(Someone(0))
    return time.perf_counter() - began


def marks_beside_counts(tracker: Any) -> list[float]:
    """Return how long the marks of one thread take, while another counts a shorter window, a few times.

    Each count begins after the marks have gone on alone for a moment, as counts that people ask for do.
    """
    durations = []
    for _ in range(COUNTS):
        counted = Event()

        def count(counted: Event = counted) -> None:
            tracker.get_online(SHORTER)
            counted.set()

        counting = start_thread(count)
        durations += marks_until(counted.is_set, tracker, 0)
        join(counting)
    return durations


def marks_of(threads: int, tracker: Any, seconds: float) -> list[float]:
    """Let so many threads mark for so long, and return how long each mark took."""
    durations: list[list[float]] = []
    together = Barrier(threads)

    def mark(number: int) -> None:
        together.wait()
        end = time.perf_counter() + seconds
        durations.append(marks_until(lambda: time.perf_counter() >= end, tracker, number))

    join(*[start_thread(partial(mark, number)) for number in range(threads)])
    return [each for some in durations for each in some]


def marks_until(is_over: Callable[[], bool], tracker: Any, number: int) -> list[float]:
    """Mark until it is over, and return how long each mark took."""
    durations = []
    for user in cycle([Someone(user_id) for user_id in range(number, CALLERS, THREADS)]):
        began = time.perf_counter()
        tracker.mark_online(user)
        durations.append(time.perf_counter() - began)
        if is_over():
            return durations
    raise AssertionError("a cycle has no end")
