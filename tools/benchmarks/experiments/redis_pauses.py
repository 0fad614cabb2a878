"""Step 3 at its worst: for how long Redis answers nobody while many users leave, or their key expires."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import SimpleNamespace
from typing import Any

from redis import Redis

from step3_redis.tracker import RedisTracker
from tests.helpers.redis_server import wait_until
from tests.helpers.threads import join, start_thread
from tools.benchmarks.experiments.dict_worst_marks import MovableClock
from tools.benchmarks.first_edition import FirstEditionRedis
from tools.benchmarks.measure import Bench
from tools.benchmarks.stores import redis

KEY = "online:last-seen"
LEFT_AGO = 600  # seconds; longer than a user is kept
FILL = "for id = ARGV[1], ARGV[2] do redis.call('ZADD', KEYS[1], ARGV[3], string.format('%d', id)) end"
CHUNK = 20_000
FEWEST_REMOVED = 500  # by one mark that tidies, while there are more who have left
ALICE = SimpleNamespace(id=0)


def measure(bench: Bench) -> None:
    """Ask Redis for PING again and again, and keep the longest that an answer took."""
    with TemporaryDirectory() as folder, redis(bench, Path(folder)) as client:
        if client is not None:
            most, rounds = bench.results.sizes[-1], 2 if bench.quick else 5
            pauses = Pauses(client, most, 0.05 if bench.quick else 0.5)
            turns: dict[str, Callable[[], float]] = {
                "undisturbed": lambda: pauses.beside(pauses.nothing),
                "first edition": lambda: pauses.beside(partial(pauses.leave, FirstEditionRedis)),
                "here": lambda: pauses.beside(partial(pauses.leave, RedisTracker)),
                "key expires": lambda: pauses.beside(pauses.expire),
                "key expires, lazily": lambda: pauses.beside(partial(pauses.expire, lazily="yes")),
            }
            bench.results.seconds[f"redis pause {most}"] = bench.in_turn(f"redis pause {most}", turns, rounds)


class Pauses:
    """One Redis, and a second connection that notices when it does not answer."""

    def __init__(self, client: Redis, users: int, seconds: float) -> None:
        self.client, self.users, self.seconds = client, users, seconds
        script = client.register_script(FILL)
        for first in range(1, users + 1, CHUNK):
            last = min(first + CHUNK - 1, users)
            script(keys=["left"], args=[first, last, round((time.time() - LEFT_AGO) * 1e6)])

    def beside(self, happen: Callable[[], None]) -> float:
        """Return the longest that a PING took while it happened, all users having left before."""
        self.client.copy("left", KEY, replace=True)
        with pings(self.client) as durations:
            happen()
        return max(durations)

    def nothing(self) -> None:
        """Leave Redis in peace."""
        time.sleep(self.seconds)

    def leave(self, new_tracker: Callable[..., Any]) -> None:
        """Let alice mark until those who have left are removed, each time a second later."""
        clock = MovableClock()
        tracker = new_tracker(self.client, clock=clock)
        for _ in range(self.users // FEWEST_REMOVED):
            tracker.mark_online(ALICE)
            clock.ahead += 1
            if self.client.zcard(KEY) == 1:
                return
        raise AssertionError(f"{self.client.zcard(KEY)} have left and are still there")

    def expire(self, lazily: str = "no") -> None:
        """Let the key expire, as it does when nobody has marked for longer than a user is kept."""
        self.client.config_set("lazyfree-lazy-expire", lazily)
        self.client.pexpire(KEY, 1)
        wait_until(lambda: self.client.dbsize() == 1)


@contextmanager
def pings(client: Redis) -> Iterator[list[float]]:
    """Send PING over another connection all the time, and lend the list of how long each took."""
    durations: list[float] = []
    over = Event()

    def ping() -> None:
        with Redis.from_url("redis://{host}:{port}/0".format(**client.get_connection_kwargs())) as other:
            while not over.is_set():
                began = time.perf_counter()
                other.ping()
                durations.append(time.perf_counter() - began)

    pinging = start_thread(ping)
    wait_until(lambda: len(durations) > 0)
    del durations[:]  # the first one has opened the connection
    try:
        yield durations
    finally:
        over.set()
        join(pinging)
