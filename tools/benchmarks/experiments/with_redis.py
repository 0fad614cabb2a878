"""Step 3: what a mark and a count cost in Redis, and how much memory; beside them HyperLogLog and bitmaps."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from itertools import count, cycle
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from redis import Redis

from article.with_redis import ArticleRedis
from step3_redis.client import OPTIONS, TCP_OPTIONS
from step3_redis.tracker import RedisTracker
from tools.benchmarks.experiments.with_dict import people
from tools.benchmarks.measure import Bench
from tools.benchmarks.stores import SOCKET, redis

MINUTES = 5
EVERY_MINUTE = tuple(range(MINUTES))  # ago
# Lua inside Redis fills a million users in seconds; what it writes is what each form's own marks write
FILL = {
    "usual": """
        redis.call('SADD', 'online-users/' .. ARGV[3], id)
        redis.call('SET', "user-activity/b'" .. id .. "'", ARGV[4], 'EXAT', ARGV[4] + 310)""",
    "here": "redis.call('ZADD', 'online:last-seen', ARGV[4] * 1000000 - id, id)",
    "HyperLogLog": "redis.call('PFADD', 'hll/' .. ARGV[3], id)",
    "bitmap": "redis.call('SETBIT', 'bits/' .. ARGV[3], id, 1)",
}
EACH_ID = """
    for number = ARGV[1], ARGV[2] do
        local id = string.format('%d', number)
        {fill}
    end"""
A_MINUTE = {"usual": "online-users", "HyperLogLog": "hll", "bitmap": "bits"}
CHUNK = 20_000
HLL_REPEATS = 100
# as the app's client otherwise, whose 0.2 seconds a busy machine may need
PATIENT = {"socket_timeout": 60, "socket_connect_timeout": 60}


def measure(bench: Bench) -> None:
    """Compare marks, counts and memory on a Redis of our own, if there is one."""
    with TemporaryDirectory() as folder, redis(bench, Path(folder)) as client:
        if client is not None:
            forms = Forms(bench, client, Path(folder))
            forms.weigh()
            forms.compare()
            forms.estimate()


class BareSocket:
    """A connection that sends the bytes of a ZADD and reads the answer: what the network and Redis take."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.close = self.socket.close

    def zadd(self, key: str, user_id: int, score: int) -> None:
        """Send ZADD key score id, which updates a member that is there."""
        lines = ["*4"]
        for word in ("ZADD", key, str(score), str(user_id)):
            lines += [f"${len(word)}", word]
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())
        assert self.socket.recv(16) == b":0\r\n"


class Forms:
    """The forms that are compared, on one Redis and with one clock."""

    def __init__(self, bench: Bench, client: Redis, folder: Path) -> None:
        self.bench, self.client, self.folder = bench, client, folder
        # the middle of a minute in an hour: nothing expires, and no new minute begins while this is measured
        self.now, self.began = (int(time.time()) // 60 + 60) * 60 + 30, time.monotonic()
        self.usual = ArticleRedis(client, lambda: self.now)
        self.here = RedisTracker(client, clock=self.clock, window=timedelta(minutes=MINUTES))

    def clock(self) -> float:
        """Return seconds since the epoch that pass from now on; each mark is newer than all before."""
        return self.now + time.monotonic() - self.began

    def fill(self, form: str, first: int, end: int, minutes: tuple[int, ...] = EVERY_MINUTE) -> None:
        """Let the users be seen in each of the minutes, by what each form writes."""
        minute = self.now // 60
        script = self.client.register_script(EACH_ID.format(fill=FILL[form]))
        for start in range(first, end, CHUNK):
            script(args=[start, min(start + CHUNK, end) - 1, minute, self.now])
        if form in A_MINUTE:
            for ago in minutes[1:]:
                key = A_MINUTE[form]
                self.client.copy(f"{key}/{minute}", f"{key}/{minute - ago}", replace=True)

    def weigh(self) -> None:
        """Weigh each form's keys in Redis's own figures, when all are seen every minute, and only once."""
        users = self.bench.results.sizes[-1]
        weights: dict[str, float] = {}
        with self.bench.progress("redis: adding users", len(FILL) + 1) as bar:
            for form in FILL:
                weights[form] = self.bytes_a_user(partial(self.fill, form, 1, users + 1), users)
                bar.update(1)
            once = partial(self.fill, "usual", 1, users + 1, (0,))
            weights["usual, seen once"] = self.bytes_a_user(once, users)
            bar.update(1)
        self.bench.results.figures["redis bytes a user"] = weights

    def bytes_a_user(self, change: Callable[[], None], users: int) -> float:
        """Return what the change adds to Redis's memory, for each user."""
        self.client.flushall()
        before = self.client.info("memory")["used_memory"]
        change()
        return float(self.client.info("memory")["used_memory"] - before) / users

    def compare(self) -> None:
        """Compare marks among the fewest and the most, and counts of more and more."""
        self.client.flushall()
        filled, sizes = 0, self.bench.results.sizes
        for users in sizes:
            for form in FILL:
                self.fill(form, filled + 1, users + 1)
            filled = users
            counts = {"usual": self.usual.get_online, "here": self.here.get_online}
            counts |= {"HyperLogLog": self.count_hll, "bitmap": self.count_bits}
            assert self.usual.get_online() == self.here.get_online() == self.count_bits() == users
            self.bench.compare(f"redis count {users}", counts)
            if users in (sizes[0], sizes[-1]):
                self.compare_marks(users)

    def compare_marks(self, users: int) -> None:
        """Mark those who are online again and again, over clients as an app and as a beginner has them."""
        address = {name: self.client.get_connection_kwargs()[name] for name in ("host", "port")}
        with (
            Redis(**address) as default,
            Redis.from_url(
                "redis://{host}:{port}/0".format(**address), **OPTIONS | TCP_OPTIONS | PATIENT
            ) as tcp,
            Redis.from_url(f"unix://{self.folder / SOCKET}", **OPTIONS | PATIENT) as unix,
            closing(BareSocket(**address)) as bare,
        ):
            marked = count(int(self.clock() * 1_000_000))
            window = timedelta(minutes=MINUTES)
            marks: dict[str, Callable[[Any], object]] = {
                "floor": lambda user: default.zadd("bare", {user.id: next(marked)}),
                "floor, raw socket": lambda user: bare.zadd("bare", user.id, next(marked)),
                "floor, PING": lambda _: default.ping(),
                "usual": self.usual.mark_online,
                "here": RedisTracker(tcp, clock=self.clock, window=window).mark_online,
                "here, Unix socket": RedisTracker(unix, clock=self.clock, window=window).mark_online,
                "HyperLogLog": lambda user: self.client.pfadd(f"hll/{self.now // 60}", user.id),
                "bitmap": lambda user: self.client.setbit(f"bits/{self.now // 60}", user.id, 1),
            }
            self.client.copy("online:last-seen", "bare", replace=True)
            self.bench.compare(f"redis mark {users}", marks, argument=cycle(people(users)), finely=True)
            self.client.delete("bare")

    def last_minutes(self, name: str) -> list[str]:
        """Return the keys of the last five minutes."""
        minute = self.now // 60
        return [f"{name}/{minute - ago}" for ago in EVERY_MINUTE]

    def count_hll(self) -> int:
        """Estimate how many were seen in the last five minutes."""
        return int(self.client.pfcount(*self.last_minutes("hll")))

    def count_bits(self) -> int:
        """Count how many were seen in the last five minutes: one bit for each id."""
        pipeline = self.client.pipeline(transaction=False)
        pipeline.bitop("OR", "bits/any", *self.last_minutes("bits"))
        pipeline.bitcount("bits/any")
        return int(pipeline.execute()[1])

    def estimate(self) -> None:
        """See how wrong HyperLogLog's count is, each time of other users."""
        users = 10_000 if not self.bench.quick else 1_000
        counts = []
        with self.bench.progress("redis: HyperLogLog's error", HLL_REPEATS) as bar:
            for repeat in range(HLL_REPEATS):
                self.client.flushall()
                self.fill("HyperLogLog", repeat * users, (repeat + 1) * users, (0,))
                counts.append(self.count_hll())
                bar.update(1)
        self.bench.results.figures["redis HyperLogLog error"] = errors_of(counts, users)


def errors_of(counts: list[int], users: int) -> dict[str, float]:
    """Return how far counts are from the truth, too high or too low, as shares of it."""
    errors = sorted(abs(counted - users) / users for counted in counts)
    return {
        "users": users,
        "mean": fmean(errors),
        "one in twenty": errors[len(errors) * 95 // 100],  # one in twenty is this far off, or farther
        "worst": errors[-1],
    }
