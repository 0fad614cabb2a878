"""Step 1: what a mark and a count cost in a dict, and how much memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import timedelta
from functools import partial
from io import StringIO
from itertools import cycle
from random import Random
from threading import Lock
from time import time
from typing import Any

from article.with_dict import ArticleDict
from step1_dict.tracker import A_FEW, DictTracker
from tools.benchmarks.first_edition import FirstEditionDict
from tools.benchmarks.measure import Bench


class Someone:
    """The least that a tracker takes for a user."""

    __slots__ = ("id",)

    def __init__(self, user_id: int) -> None:
        self.id = user_id


def people(number: int) -> list[Someone]:
    """Return users in no order, as requests come."""
    everyone = [Someone(user_id) for user_id in range(1, number + 1)]
    Random(number).shuffle(everyone)
    return everyone


def bare_store() -> Callable[[Any], None]:
    """Return the least that a mark can be: a store into a dict, under a lock."""
    lock, last_seen = Lock(), dict[Any, float]()

    def store(user: Any) -> None:
        with lock:
            last_seen[user.id] = time()

    return store


def measure(bench: Bench) -> None:
    """Compare marks and counts, from a few users to the most."""
    for users in bench.results.sizes:
        everyone = people(users)
        # an hour, so that nobody leaves while this is measured
        tracker, article, bare = DictTracker(timedelta(hours=1)), ArticleDict(), bare_store()
        first_edition = FirstEditionDict(timedelta(hours=1), clock=time)
        marks = {"floor": bare, "usual": article.make_inline, "here": tracker.mark_online}
        for mark in (*marks.values(), first_edition.mark_online):
            for user in everyone:
                mark(user)
        if users in (bench.results.sizes[0], bench.results.sizes[-1]):
            bench.compare(f"dict mark {users}", marks, argument=cycle(everyone), finely=True)
        shorter = timedelta(minutes=59)  # is counted, not known
        with redirect_stdout(StringIO()):  # dict-2: the article's form prints
            assert tracker.get_online() == tracker.get_online(shorter) == article.get_online() == users
        counts: dict[str, Callable[[], int]] = {
            "usual": article.get_online,
            "here": tracker.get_online,
            "here, shorter": partial(tracker.get_online, shorter),
            "first edition, shorter": partial(first_edition.get_online, shorter),
        }
        with redirect_stdout(StringIO()):
            bench.compare(f"dict count {users}", counts)
    bench.results.figures["dict bytes a user"] = memory(bench.results.sizes[-1])


class TickingClock:
    """Moves on with each look, so that no two marks share the number that holds their time."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        self.now += 1e-5
        return self.now


def memory(users: int) -> dict[str, float]:
    """Weigh both forms, while all are online and once all but one have left."""
    everyone, weights, clock = people(users), dict[str, float](), TickingClock()

    def weigh(name: str, mark: Callable[[Any], None], count: Callable[[], int]) -> None:
        tracemalloc.start()
        for user in everyone:
            mark(user)
        weights[name] = tracemalloc.get_traced_memory()[0] / users
        clock.now += 600
        for _ in range(users // A_FEW):  # each mark removes a few of those who have left
            mark(everyone[0])
        clock.now += 600
        assert count() == 0
        weights[f"{name}, all gone"] = tracemalloc.get_traced_memory()[0] / users
        tracemalloc.stop()

    with redirect_stdout(StringIO()):
        usual, here = ArticleDict(clock), DictTracker(clock=clock)
        weigh("usual", usual.make_inline, usual.get_online)
        weigh("here", here.mark_online, here.get_online)
    return weights
