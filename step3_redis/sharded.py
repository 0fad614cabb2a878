"""Beyond one Redis: users spread over several sorted sets, which the nodes of a Redis Cluster can share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any
from zlib import crc32

from step3_redis.tracker import RedisTracker


class ShardedTracker:
    """Counts as RedisTracker does, in as many keys as there are shards: each shard is a RedisTracker.

    shards: the number of sorted sets. After a change some users count twice or not at all, until all
    processes have the new number and keep has passed.
    new_tracker, settings: make the tracker of each shard.
    """

    any_window = False

    def __init__(
        self,
        client: Any,
        *,
        shards: int,
        prefix: str = "online",
        new_tracker: Callable[..., RedisTracker] = RedisTracker,
        **settings: Any,
    ) -> None:
        self._client = client
        self._shards = [new_tracker(client, prefix=f"{prefix}:{n}", **settings) for n in range(shards)]
        first = self._shards[0]  # all shards declare the same, so ask the first
        self.window, self.keep, self.resolution = first.window, first.keep, first.resolution
        self.outages, self.overloads = first.outages, first.overloads
        self.survives_restart = first.survives_restart
        self.shared_between_processes = first.shared_between_processes

    def mark_online(self, user: Any) -> None:
        """Remember in the user's shard that the user was seen now: one round trip to one node."""
        self._shard(user).mark_online(user)

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again: one round trip to one node."""
        self._shard(user).mark_offline(user, tail)

    def get_online(self, window: timedelta | None = None) -> int:
        """Add up the shards' counts; a shard that does not answer raises, so that no count is too low."""
        pipeline = self._client.pipeline(transaction=False)
        since = self._shards[0].since(window)
        for shard in self._shards:
            pipeline.zcount(shard.key, f"({since}", "+inf")
        return sum(map(int, pipeline.execute()))

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """Merge the shards' lists, newest first."""
        lists = [shard.online_users(window, limit) for shard in self._shards]
        return list(islice(merge(*lists, key=lambda user: user[1], reverse=True), limit))

    def last_seen(self, user: Any) -> datetime | None:
        """Ask the user's shard."""
        return self._shard(user).last_seen(user)

    def check_window(self, window: timedelta | None) -> timedelta:
        """Return the window, the default for None. TypeError, ValueError: one that cannot be answered."""
        return self._shards[0].check_window(window)

    def _shard(self, user: Any) -> RedisTracker:
        # not hash(): for text, that differs from process to process
        return self._shards[crc32(str(user.id).encode()) % len(self._shards)]
