"""Step 3 remembers in a Redis sorted set: member is the user's id, score is when that user was last seen.

    tracker = RedisTracker(Redis(), prefix="my-app")
    tracker.mark_online(user)                  # anything with an id
    tracker.get_online()                       # how many were seen within the last five minutes
    tracker.get_online(timedelta(minutes=1))   # how many within the last minute
    tracker.online_users()                     # who: [(id, last seen), ...], newest first

A file to lift as it is: what the trackers have in common is written out in each.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.exceptions import ReadOnlyError, RedisClusterException, RedisError

log = logging.getLogger(__name__)
Clock = Callable[[], float]  # seconds since the epoch
MICROSECOND = timedelta(microseconds=1)  # the unit of what goes to Redis, since whole numbers are exact
TIDY_EVERY = 1_000_000  # microseconds; each process removes those who have left once in that time
TIDY_AT_MOST = 2_000  # users at a time, about a millisecond in which Redis serves nobody else
TIDY_AGAIN = 100_000  # microseconds; how soon, while there are more who have left than that
MARGIN = 60_000_000  # microseconds; a host whose clock is fast by less than this removes nobody else's users
EPOCH = datetime.fromtimestamp(0, UTC)


class RedisTracker:
    """Counts the users seen within a sliding window, in one key of a Redis that all processes share.

    client: a redis.Redis or a wrapper of one; its timeouts bound how long a mark may take.
    prefix: sets this app's key apart from all others.
    keep: how long a user is remembered; the window, unless longer windows are to be asked for.
    parse_id: turns the text of an id into the id again.
    """

    survives_restart = True
    shared_between_processes = True
    any_window = False
    resolution = timedelta(0)
    outages: tuple[type[Exception], ...] = (RedisError, RedisClusterException)
    overloads: tuple[type[Exception], ...] = ()

    def __init__(
        self,
        client: Any,
        *,
        prefix: str = "online",
        window: timedelta = timedelta(minutes=5),
        keep: timedelta | None = None,
        parse_id: Callable[[str], Any] = int,
        clock: Clock = time.time,
    ) -> None:
        self.keep = window if keep is None else keep
        self.window = self.check_window(window)  # comes after self.keep, which check_window() reads
        self._keep = self.keep // MICROSECOND  # in microseconds
        self._client = client
        self.key = f"{prefix}:last-seen"
        self._parse_id, self._clock = parse_id, clock
        self._tidied_at, self._tidy_after = -TIDY_EVERY, TIDY_EVERY
        self._told_foreign = False

    def mark_online(self, user: Any) -> None:
        """Remember that the user (anything with an id) was seen now: one command, now and then a few more."""
        now = self._now()
        try:
            # gt: never back, whichever host's clock lags
            self._client.zadd(self.key, {str(user.id): now}, gt=True)
            if not 0 <= now - self._tidied_at < self._tidy_after:  # below 0: the clock was set back
                self._tidied_at = now  # before it is done, so that no other thread does it too
                self._tidy(now)
        except self.outages as error:
            self._tidied_at = -TIDY_EVERY  # long ago: the next mark tidies
            if isinstance(error, ReadOnlyError):
                self._drop_connections()  # they lead to a server that is a replica by now
            raise

    def _tidy(self, now: int) -> None:
        """Renew the key's expiry, and remove those who have left, at most some; no count depends on it."""
        kept = self._keep + MARGIN
        self._client.pexpire(self.key, kept // 1000)
        # not by rank: other processes tidy too, and whoever is at that rank by then may be online
        last = self._client.zrange(self.key, TIDY_AT_MOST - 1, TIDY_AT_MOST - 1, withscores=True)
        are_more = bool(last) and last[0][1] < now - kept
        self._client.zremrangebyscore(self.key, "-inf", last[0][1] if are_more else now - kept)
        self._tidy_after = TIDY_AGAIN if are_more else TIDY_EVERY

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again; errors as in check_window()."""
        self._client.zadd(self.key, {str(user.id): self.since(self.window - tail)}, xx=True, lt=True)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        return int(self._client.zcount(self.key, f"({self.since(window)}", "+inf"))

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        since = self.since(window)
        if limit < 1:
            raise ValueError(f"limit is {limit}: ask for at least 1 user")
        newest = self._client.zrange(
            self.key, "+inf", f"({since}", desc=True, byscore=True, offset=0, num=limit, withscores=True
        )
        return [user for member, score in newest if (user := self._user_of(member, score))]

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last seen, in UTC; None if never, or longer than keep ago."""
        score: float | None = self._client.zscore(self.key, str(user.id))
        return None if score is None or score <= self.since(self.keep) else EPOCH + score * MICROSECOND

    def check_window(self, window: timedelta | None) -> timedelta:
        """Return the window, the default for None. TypeError, ValueError: one that cannot be answered."""
        if window is None:
            return self.window
        if not isinstance(window, timedelta):
            raise TypeError(f"a window has a unit: write timedelta(minutes={window!r}), not {window!r}")
        if window <= timedelta(0):
            raise ValueError(f"a window of {window} holds nobody: ask for more than zero")
        if window > self.keep:
            raise ValueError(f"a window of {window} is longer than the {self.keep} remembered: ask for less")
        return window

    def _now(self) -> int:
        return round(self._clock() * 1_000_000)

    def since(self, window: timedelta | None) -> int:
        """Return the score above which a user was seen within the window; errors as in check_window()."""
        return self._now() - self.check_window(window) // MICROSECOND

    def _user_of(self, member: bytes | str, score: float) -> tuple[Any, datetime] | None:
        """Return (id, last seen); None for what is no user of ours, which is told once and spoils no list."""
        try:
            text = member if isinstance(member, str) else member.decode()
            return self._parse_id(text), EPOCH + score * MICROSECOND
        except (ValueError, OverflowError):  # no id that parse_id takes, or no time that a datetime holds
            if not self._told_foreign:
                self._told_foreign = True
                log.warning("%s has a member that is no user: %r, last seen at %s", self.key, member, score)
            return None

    def _drop_connections(self) -> None:
        if hasattr(self._client, "connection_pool"):
            self._client.connection_pool.disconnect()
        else:
            self._client.disconnect_connection_pools()  # of a cluster
