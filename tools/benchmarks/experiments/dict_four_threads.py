"""Step 1 at the moment when everybody leaves at once: the worst marks of four threads."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from itertools import cycle
from threading import Event
from time import perf_counter, sleep
from unittest.mock import patch

import step1_dict.tracker
from step1_dict.tracker import A_FEW, DictTracker
from tests.helpers.threads import join, start_thread
from tools.benchmarks.experiments.with_dict import Someone, people
from tools.benchmarks.measure import Bench

FORMS = {"all at once": sys.maxsize, "here": A_FEW}  # how many who have left one call removes, at most
THREADS = 4
SECONDS = 0.6  # what is looked at, from the moment when everybody has left
SLOT = 0.01  # seconds; the worst mark that began in each such part of it is kept
OTHER_WORK = 300  # turns of an empty loop between two marks: a request has other things to do


class Clock:
    """Stands still until it is moved."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return self.now


def measure(bench: Bench) -> None:
    """Let the most users leave, and four threads mark others meanwhile."""
    users = bench.results.sizes[-1]
    with bench.progress(f"dict, {users} users leave", len(FORMS)) as bar:
        for form, at_most in FORMS.items():
            with patch.object(step1_dict.tracker, "A_FEW", at_most):
                bench.results.figures[f"dict leaving, {form}"] = worst_marks(users)
            bar.update(1)


def worst_marks(users: int) -> dict[str, float]:
    """Return, by the millisecond in which it began, how many seconds the worst mark of each slot took."""
    clock, stop, marks = Clock(), Event(), list[tuple[float, float]]()
    tracker = DictTracker(clock=clock)
    for user in people(users):
        tracker.mark_online(user)

    def mark(others: Iterable[Someone]) -> None:
        for other in others:
            if stop.is_set():
                return
            for _ in range(OTHER_WORK):
                pass
            began = perf_counter()
            tracker.mark_online(other)
            marks.append((began, perf_counter() - began))

    crowds = [[Someone(-1000 * thread - number) for number in range(1000)] for thread in range(THREADS)]
    threads = [start_thread(partial(mark, cycle(crowd))) for crowd in crowds]
    sleep(SECONDS / 4)  # until all of them are at it
    left_at = perf_counter()
    clock.now += tracker.keep.total_seconds()
    sleep(SECONDS)
    stop.set()
    join(*threads)
    worst = dict[int, tuple[float, float]]()
    for began, took in marks:
        if began + took > left_at and began < left_at + SECONDS:
            slot = max(0, int((began - left_at) / SLOT))
            worst[slot] = max(worst.get(slot, (0, 0)), (took, began))
    return {str(max(0, round(1000 * (began - left_at)))): took for took, began in worst.values()}
