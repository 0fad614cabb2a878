"""Step 3 on a Redis Cluster: what a mark and a count cost, and how much memory, on one node and on three."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis import RedisCluster

from step3_redis.sharded import ShardedTracker
from tests.helpers.redis_cluster import Cluster
from tools.benchmarks.experiments.with_dict import people
from tools.benchmarks.measure import Bench
from tools.benchmarks.stores import cluster

NODES = (1, 3)
SHARDS = 12
TOGETHER = 1000  # marks in one pipeline, to be there soon


def measure(bench: Bench) -> None:
    """Compare clusters of one and of three nodes, both with the same users in the same number of shards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        parts: dict[str, Part] = {}
        for nodes in NODES:
            place = folder / str(nodes)
            place.mkdir()
            made = stack.enter_context(cluster(bench, place, nodes))
            if made is None:
                return
            parts[str(nodes)] = Part(bench, made, stack)
        everyone = people(bench.results.sizes[-2])
        for name, part in parts.items():
            bench.results.figures[f"cluster of {name} nodes"] = {"bytes a user": part.fill(everyone)}
        marks = {name: part.tracker.mark_online for name, part in parts.items()}
        bench.compare("cluster mark", marks, argument=cycle(everyone))
        bench.compare("cluster count", {name: part.tracker.get_online for name, part in parts.items()})
        for name, part in parts.items():
            bench.results.figures[f"cluster of {name} nodes"]["CPU seconds a mark"] = part.work_of_a_mark(
                everyone
            )


class Part:
    """One cluster, with a tracker on it."""

    def __init__(self, bench: Bench, made: Cluster, stack: ExitStack) -> None:
        self.bench, self.cluster = bench, made
        self.client = RedisCluster.from_url(made.url, socket_timeout=60)
        stack.callback(self.client.close)
        self.tracker = ShardedTracker(self.client, shards=SHARDS)

    def fill(self, everyone: list[Any]) -> float:
        """Mark all users, and return how many bytes each takes on all nodes together."""
        before = self.memory()
        with self.bench.progress("cluster: adding users", len(everyone)) as bar:
            for start in range(0, len(everyone), TOGETHER):
                self.mark_all(everyone[start : start + TOGETHER])
                bar.update(TOGETHER)
        assert self.tracker.get_online() == len(everyone)
        return (self.memory() - before) / len(everyone)

    def mark_all(self, users: list[Any]) -> None:
        """Send the marks of many users at once, as no tracker does."""
        now = round(time.time() * 1_000_000)
        pipeline: Any = self.client.pipeline(transaction=False)  # type: ignore[no-untyped-call]
        for user in users:
            pipeline.zadd(self.tracker._shard(user).key, {str(user.id): now}, gt=True)
        pipeline.execute()

    def work_of_a_mark(self, everyone: list[Any]) -> float:
        """Return how many seconds of their processors all nodes together spend on one mark."""
        users = everyone[: 20 * TOGETHER]
        before = self.processor()
        for user in users:
            self.tracker.mark_online(user)
        return (self.processor() - before) / len(users)

    def memory(self) -> float:
        """Return how many bytes all nodes use."""
        return self.sum_of("memory", "used_memory")

    def processor(self) -> float:
        """Return how many seconds of their processors all nodes have used."""
        return self.sum_of("cpu", "used_cpu_user") + self.sum_of("cpu", "used_cpu_sys")

    def sum_of(self, section: str, figure: str) -> float:
        """Add up a figure of INFO over all nodes."""
        total = 0.0
        for node in self.cluster.nodes:
            with node.client() as client:
                total += float(client.info(section)[figure])
        return total
