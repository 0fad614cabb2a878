"""The article's way with Redis, retold with its defects, for the tests and the measurements.

Not for use: nearly every line here is wrong in a way that a test beside it names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from redis import Redis


class ArticleRedis:
    """The article's two functions, with a client and a clock of each test's own."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.time) -> None:
        self.client = client
        self.clock = clock  # redis-1: the article forgets to import time

    def mark_online(self, user: Any) -> None:
        """Put the user into the set of this minute, and write a key for each user besides."""
        user_id = str(user.id).encode()
        now = int(self.clock())
        bucket = f"online-users/{now // 60}"  # redis-3: minutes; redis-10: everybody's prefix
        activity = f"user-activity/{user_id!r}"  # redis-2: bytes in a name, as %s puts them there
        pipeline = self.client.pipeline()  # redis-6: two keys in one MULTI
        pipeline.sadd(bucket, user_id)
        pipeline.set(activity, now)  # redis-7: nobody reads it; redis-12: a clock that lags sets it back
        pipeline.expireat(bucket, now + 310)
        pipeline.expireat(activity, now + 310)
        pipeline.execute()

    def get_online(self) -> int:
        """Fetch the members of five minutes' sets, and count them here."""
        minute = int(self.clock()) // 60
        union: Any = self.client.sunion([f"online-users/{minute - ago}" for ago in range(5)])  # redis-4
        return len([int(member.decode()) for member in union])  # redis-5
