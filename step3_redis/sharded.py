"""Beyond one Redis: users spread over several sorted sets, and a client of Redis Cluster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any
from zlib import crc32

from redis import RedisCluster
from redis.connection import parse_url

from step3_redis.tracker import RedisTracker


class ShardedTracker(RedisTracker):
    """Counts as RedisTracker does, in as many keys as there are shards, so that several nodes can hold them.

    shards: how many. After a change some users count twice or not at all, until all processes have the new
    number and keep has passed.
    """

    def __init__(self, client: Any, *, shards: int, prefix: str = "online", **settings: Any) -> None:
        super().__init__(client, prefix=prefix, **settings)
        del self._key  # what is not overridden below fails, instead of using a key that holds nobody
        self._shards = [RedisTracker(client, prefix=f"{prefix}:{n}", **settings) for n in range(shards)]

    def mark_online(self, user: Any) -> None:
        """Remember in the user's shard that the user was seen now: one round trip to one node."""
        self._shard(user).mark_online(user)

    def get_online(self, window: timedelta | None = None) -> int:
        """Add up the shards' counts; a shard that does not answer raises, so that no count is too low."""
        since = self._since(window)
        pipeline = self._client.pipeline(transaction=False)
        for shard in self._shards:
            pipeline.zcount(shard._key, f"({since}", "+inf")
        return sum(map(int, pipeline.execute()))

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """Merge the shards' lists, newest first."""
        lists = [shard.online_users(window, limit) for shard in self._shards]
        return list(islice(merge(*lists, key=lambda user: user[1], reverse=True), limit))

    def last_seen(self, user: Any) -> datetime | None:
        """Ask the user's shard."""
        return self._shard(user).last_seen(user)

    def _shard(self, user: Any) -> RedisTracker:
        # not hash(): for text, that differs from process to process
        return self._shards[crc32(str(user.id).encode()) % len(self._shards)]


class LazyCluster:
    """A RedisCluster that looks for its nodes when it is first used: the app starts without them."""

    def __init__(self, connect: Callable[[], RedisCluster]) -> None:
        self._connect = connect
        self._cluster: RedisCluster | None = None

    @classmethod
    def from_url(cls, url: str, **options: Any) -> LazyCluster:
        """Return a client of the cluster of that node, as flask-redis asks a provider to."""
        parse_url(url)  # type: ignore[no-untyped-call]  # finds out now what in it is unusable
        return cls(partial(RedisCluster.from_url, url, **options))

    def close(self) -> None:
        """Close the connections, if there are any."""
        if self._cluster is not None:
            self._cluster.close()

    def __getattr__(self, name: str) -> Any:
        """Hand everything on. RedisClusterException: no node answers."""
        if self._cluster is None:
            self._cluster = self._connect()  # threads that are here at once connect more than once: no harm
        return getattr(self._cluster, name)
