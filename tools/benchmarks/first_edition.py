"""Two trackers as this cookbook's first edition had them, to show what the worst mark was and is.

Both forget everyone who has left in one call, and whoever marks or counts meanwhile waits for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from itertools import takewhile
from threading import Lock
from typing import Any

from redis import Redis

MICROSECOND = timedelta(microseconds=1)
FIVE_MINUTES = timedelta(minutes=5)
MARGIN = 60_000_000  # microseconds


class FirstEditionDict:
    """Forgets all who have left in the first call that sees it; counts a shorter window under the lock."""

    def __init__(self, window: timedelta = FIVE_MINUTES, *, clock: Callable[[], float]) -> None:
        self.keep, self.clock = window // MICROSECOND, clock
        self.last_seen: OrderedDict[Any, int] = OrderedDict()
        self.lock = Lock()

    def mark_online(self, user: Any) -> None:
        """Remember that the user was seen now."""
        with self.lock:
            now = self.forget_who_left()
            self.last_seen[user.id] = now
            self.last_seen.move_to_end(user.id)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window."""
        with self.lock:
            now = self.forget_who_left()
            if window is None:
                return len(self.last_seen)
            since = now - window // MICROSECOND
            newest_first = reversed(self.last_seen.values())
            return sum(1 for _ in takewhile(lambda seen: seen > since, newest_first))

    def forget_who_left(self) -> int:
        """Remove everyone who has left, however many they are, and return the time."""
        now = round(self.clock() * 1_000_000)
        while self.last_seen and now - next(iter(self.last_seen.values())) >= self.keep:
            self.last_seen.popitem(last=False)
        return now


class FirstEditionRedis:
    """Lets Redis remove all who have left in one command, during which it answers nobody."""

    def __init__(self, client: Redis, *, clock: Callable[[], float]) -> None:
        self.client, self.clock = client, clock
        self.kept, self.tidied_at = FIVE_MINUTES // MICROSECOND + MARGIN, 0

    def mark_online(self, user: Any) -> None:
        """Remember that the user was seen now, and once a second remove those who have left."""
        now = round(self.clock() * 1_000_000)
        pipeline = self.client.pipeline(transaction=False)
        pipeline.zadd("online:last-seen", {str(user.id): now}, gt=True)
        if now - self.tidied_at >= 1_000_000:
            self.tidied_at = now
            pipeline.zremrangebyscore("online:last-seen", "-inf", now - self.kept)
            pipeline.pexpire("online:last-seen", self.kept // 1000)
        pipeline.execute()
