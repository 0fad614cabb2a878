"""The article's third way, written anew as it is: Redis holds a set of users for each minute.

It is from "Flask 统计在线人数" (2020) by keinYe, the clearest short text on the subject. We thank its
author. The sets of a minute come from an older Flask snippet, "Counting Online Users with Redis". The slips
that only an excerpt or a reprint has are not his, and are marked as such. Do not use this: step 3 has the
cures.
"""

from __future__ import annotations

# redis-1: an excerpt lacks this import, and so ends with a NameError; the author's own code has it
import time
from collections.abc import Callable
from typing import Any

from redis import Redis


class ArticleRedis:
    """The article's two functions, with a client and a clock of each test's own."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.time) -> None:
        # redis-8: the client sets no timeout of its own, so a silent Redis holds every request for seconds
        # redis-9: a reprint calls initapp(), which does not exist; the author's own post has init_app()
        # redis-11: the article keeps one client in its module, so a second app takes the first one's over
        self.client = client
        self.clock = clock

    def mark_online(self, user: Any) -> None:
        """Put the user into the set of this minute, and write a key for each user besides."""
        user_id = str(user.id).encode()
        now = int(self.clock())
        # redis-3: a set holds a whole minute, so someone seen at its second 59 is gone after 4:01
        # redis-10: the name has no prefix of the app's own, so two apps on one Redis count each other's users
        # redis-13: the article says that a power cut empties Redis; with snapshots or a log it does not
        bucket = f"online-users/{now // 60}"
        # redis-2: formatted, the bytes are the text b'1', so a lookup by the user's id finds nothing
        activity = f"user-activity/{user_id!r}"
        # redis-6: the two keys of this transaction may live on two nodes, so a cluster refuses it
        pipeline = self.client.pipeline()
        pipeline.sadd(bucket, user_id)
        # redis-7: this key is written with every request, and no line reads it
        # redis-12: a worker whose clock lags replaces a newer time by an older one
        pipeline.set(activity, now)
        pipeline.expireat(bucket, now + 310)
        pipeline.expireat(activity, now + 310)
        pipeline.execute()

    def get_online(self) -> int:
        """Fetch the members of five minutes' sets, and count them here."""
        minute = int(self.clock()) // 60
        # redis-4: Redis sends every member to be counted here, which takes seconds for a million users
        union: Any = self.client.sunion([f"online-users/{minute - ago}" for ago in range(5)])
        # redis-5: an id that is no number, such as a UUID, makes int() fail
        return len([int(member.decode()) for member in union])
