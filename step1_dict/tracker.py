"""Step 1 remembers in a dict: user id -> when that user was last seen.

A file to lift as it is: what the trackers have in common is written out in each.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from threading import Lock
from typing import Any

Clock = Callable[[], float]  # seconds since the epoch
FIVE_MINUTES = timedelta(minutes=5)
HALF_A_MICROSECOND = 5e-7  # keeps boundaries exact: float times are a quarter of a microsecond apart


def steady_clock(wall: Clock = time.time, monotonic: Clock = time.monotonic) -> Clock:
    """Return a clock nobody can set: the wall clock as it reads now, carried on by the monotonic clock."""
    started_at = wall() - monotonic()
    return lambda: started_at + monotonic()


class DictTracker:
    """Counts the users seen within a sliding window, in the memory of one process.

    A mark, and the count of all who are kept, are O(1) amortised; a shorter window costs what it counts.
    keep: how long a user is remembered; the window, unless longer windows are to be asked for.
    """

    survives_restart = False
    shared_between_processes = False
    any_window = False
    resolution = timedelta(0)
    outages: tuple[type[Exception], ...] = ()

    def __init__(
        self, window: timedelta = FIVE_MINUTES, keep: timedelta | None = None, clock: Clock | None = None
    ) -> None:
        self.keep = window if keep is None else keep
        self.window = self.check_window(window)  # which looks at keep
        self._keep_seconds = self.keep.total_seconds() - HALF_A_MICROSECOND
        self._clock = clock or steady_clock()
        self._now = 0.0
        self._next_expiry = 0.0  # when somebody may drop out, at the earliest
        self._last_seen: OrderedDict[Any, float] = OrderedDict()  # the user seen longest ago comes first
        self._peak = 0  # the most users that were kept since the dict was last copied
        self._lock = Lock()

    def mark_online(self, user: Any) -> None:
        """Remember that the user (anything with an id) was seen now."""
        user_id = user.id
        with self._lock:
            now = self._move_time_on()
            self._last_seen[user_id] = now
            self._last_seen.move_to_end(user_id)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        window = self.check_window(window)
        with self._lock:
            self._move_time_on()
            if window == self.keep:
                return len(self._last_seen)
            return sum(1 for _ in self._newest_first(window))

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        window = self.check_window(window)
        if limit < 1:
            raise ValueError(f"limit is {limit}: ask for at least 1 user")
        with self._lock:
            self._move_time_on()
            newest = list(islice(self._newest_first(window), limit))
        return [(user_id, datetime.fromtimestamp(seen, UTC)) for user_id, seen in newest]

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last seen, in UTC; None if never, or longer than keep ago."""
        user_id = user.id
        with self._lock:
            self._move_time_on()
            seen = self._last_seen.get(user_id)
        return None if seen is None else datetime.fromtimestamp(seen, UTC)

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

    def _move_time_on(self) -> float:
        """Read the clock, forget whoever has left, return the time. O(1) amortised."""
        self._now = max(self._now, self._clock())  # never back: the dict is in order only while marks are
        if self._now >= self._next_expiry:
            self._forget()
        return self._now

    def _forget(self) -> None:
        seen = self._last_seen
        self._peak = max(self._peak, len(seen))
        while seen and self._now - next(iter(seen.values())) >= self._keep_seconds:
            seen.popitem(last=False)
        self._next_expiry = next(iter(seen.values()), self._now) + self._keep_seconds
        if len(seen) <= self._peak // 4:  # a dict never shrinks by itself: copy it once it is mostly holes
            self._last_seen = OrderedDict(seen)
            self._peak = len(seen)

    def _newest_first(self, window: timedelta) -> Iterator[tuple[Any, float]]:
        """Walk through the users seen within the window; use it up while you hold the lock."""
        oldest = self._now - window.total_seconds() + HALF_A_MICROSECOND
        return takewhile(lambda item: item[1] > oldest, reversed(self._last_seen.items()))
