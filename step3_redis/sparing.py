"""Fewer marks for a busy Redis: whom this process has sent there lately, it does not send again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from step3_redis.sharded import ShardedTracker
from step3_redis.tracker import MICROSECOND, Clock, RedisTracker

P = ParamSpec("P")
T = TypeVar("T")
MOST_REMEMBERED = 50_000  # users; a process that serves more within the resolution sends some of them again


class SparingTracker:
    """Counts as the tracker behind it does, and sends that one each user at most once in a resolution.

    Each process remembers for itself whom it has sent, so a user served by two processes is sent by both.
    A user may seem to leave up to the resolution early, and never late. If Redis loses its data, a user who
    keeps calling is missing from the count until the next mark that is sent, for at most the resolution.
    resolution: how stale last_seen may be; more than zero, and less than the window.
    clock: the one that the tracker behind it reads.
    """

    any_window = False

    def __init__(
        self, tracker: RedisTracker | ShardedTracker, *, resolution: timedelta, clock: Clock = time.time
    ) -> None:
        if resolution <= timedelta(0):
            raise ValueError(f"a resolution of {resolution} spares no mark: give more than zero")
        self.resolution = resolution
        self._tracker = tracker
        self.keep, self.window = tracker.keep, self.check_window(tracker.window)
        self.outages, self.overloads = tracker.outages, tracker.overloads
        self.survives_restart = tracker.survives_restart
        self.shared_between_processes = tracker.shared_between_processes
        self._resolution = resolution // MICROSECOND  # in microseconds
        self._clock = clock
        self._sent_at: OrderedDict[Any, int] = OrderedDict()  # the user sent longest ago comes first
        self._lock = Lock()

    def mark_online(self, user: Any) -> None:
        """Send the user on, unless this process has done so within the resolution."""
        user_id, now = user.id, round(self._clock() * 1_000_000)
        sent_at = self._sent_at  # the dict of this moment: a failure meanwhile puts a new one in its place
        last = sent_at.get(user_id)
        if last is not None and 0 <= now - last <= self._resolution:  # below 0: the clock was set back
            return
        self._ask(self._tracker.mark_online, user)
        with self._lock:  # only now: until Redis has answered, no other request may rely on this one
            sent_at[user_id] = now
            sent_at.move_to_end(user_id)
            if len(sent_at) > MOST_REMEMBERED:
                sent_at.popitem(last=False)

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again; errors as in check_window().

        Another process that has just sent the user does not send that user again within the resolution.
        """
        self.check_window(self.window - tail)
        self._ask(self._tracker.mark_offline, user, tail)
        with self._lock:  # only now: the next mark must be sent
            self._sent_at.pop(user.id, None)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        return self._ask(self._tracker.get_online, self.check_window(window))

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        return self._ask(self._tracker.online_users, self.check_window(window), limit)

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last sent, in UTC: up to the resolution ago, although the user is here now."""
        return self._ask(self._tracker.last_seen, user)

    def check_window(self, window: timedelta | None) -> timedelta:
        """Return the window, the default for None. TypeError, ValueError: one that cannot be answered."""
        window = self._tracker.check_window(window)
        if window <= self.resolution:
            raise ValueError(
                f"a window of {window} is within the resolution, {self.resolution}: ask for more"
            )
        return window

    def _ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the tracker. When the store fails, forget whom it was sent: it may have lost them.

        So nobody is spared until the store has answered a later mark: to presence.py a mark that was spared
        would look like one that has succeeded, and it would take the outage for ended.
        """
        try:
            return function(*args, **kwargs)
        except (*self.outages, *self.overloads):
            self._sent_at = OrderedDict()
            raise
