"""Step 1 remembers in a dict: user id -> when that user was last seen.

    tracker = DictTracker()
    tracker.mark_online(user)                  # anything with an id
    tracker.get_online()                       # how many were seen within the last five minutes
    tracker.get_online(timedelta(minutes=1))   # how many within the last minute
    tracker.online_users()                     # who: [(id, last seen), ...], newest first

A file to lift as it is: what the trackers have in common is written out in each.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from threading import Lock
from typing import Any

Clock = Callable[[], float]  # seconds since the epoch
FIVE_MINUTES = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)  # the unit of all times in here, since whole numbers are exact
EPOCH = datetime.fromtimestamp(0, UTC)
A_FEW = 10  # how many one call removes: more than one, since each mark may add a user, and yet done at once


def steady_clock(wall: Clock = time.time, monotonic: Clock = time.monotonic) -> Clock:
    """Return a clock that nobody can set: it reads the wall clock once, then adds what monotonic counts."""
    started_at = wall() - monotonic()
    return lambda: started_at + monotonic()


class DictTracker:
    """Counts the users seen within a sliding window, in the memory of one process.

    A mark takes equally long however many users there are, but for the moments at which a dict grows or
    shrinks. So does a count of everybody kept. A count of a shorter window, or while users who have left are
    still being removed, looks at everybody; marks do not wait for it.
    keep: how long a user is remembered; the window, unless longer windows are to be asked for.
    """

    survives_restart = shared_between_processes = any_window = False
    resolution = timedelta(0)
    outages: tuple[type[Exception], ...] = ()
    overloads: tuple[type[Exception], ...] = ()

    def __init__(
        self, window: timedelta = FIVE_MINUTES, keep: timedelta | None = None, clock: Clock | None = None
    ) -> None:
        self.keep = window if keep is None else keep
        self.window = self.check_window(window)  # comes after self.keep, which check_window() reads
        self._keep = self.keep // MICROSECOND  # in microseconds
        self._newest = 0  # the latest time that the clock has shown
        self._next_expiry = 0  # when somebody may drop out, at the earliest
        self._last_seen: OrderedDict[Any, int] = OrderedDict()  # the user seen longest ago comes first
        self._in_order = {0: self._last_seen}  # beside it: a dict for each length by which users are set back
        self._peak = 0  # the most users that were kept since the dicts were last copied
        self._clock, self._lock = clock or steady_clock(), Lock()

    def mark_online(self, user: Any) -> None:
        """Remember that the user (anything with an id) was seen now."""
        user_id = user.id
        with self._lock:
            now = self._now()
            if now >= self._next_expiry:
                self._forget_a_few(now)
            if len(self._in_order) > 1:  # somebody has left, and it may have been this user
                for users in islice(self._in_order.values(), 1, None):
                    users.pop(user_id, None)
            self._last_seen[user_id] = now
            self._last_seen.move_to_end(user_id)

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again; errors as in check_window()."""
        user_id, back = user.id, self.check_window(self.window - tail) // MICROSECOND
        with self._lock:
            seen = self._now() - back  # as if nobody had seen the user since
            for users in list(self._in_order.values()):
                if users.get(user_id, seen) > seen:
                    del users[user_id]
                    self._in_order.setdefault(back, OrderedDict())[user_id] = seen  # comes last: in order
                    self._next_expiry = min(self._next_expiry, seen + self._keep)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        window = self.check_window(window)
        with self._lock:
            now = self._now()
            if now >= self._next_expiry:
                self._forget_a_few(now)
            if window == self.keep and now < self._next_expiry:  # everybody who is kept is online
                return sum(map(len, self._in_order.values()))
            times = [list(dict.values(users)) for users in self._in_order.values()]  # the fastest copies
        since = now - window // MICROSECOND  # the lock is free again: marks need not wait for the rest
        return sum(1 for seen in chain(*times) if seen > since)

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        window = self.check_window(window)
        if limit < 1:
            raise ValueError(f"limit is {limit}: ask for at least 1 user")
        with self._lock:
            since = self._now() - window // MICROSECOND
            newest = [list(islice(reversed(users.items()), limit)) for users in self._in_order.values()]
        found = sorted(chain(*newest), key=lambda item: item[1], reverse=True)[:limit]
        return [(user_id, EPOCH + seen * MICROSECOND) for user_id, seen in found if seen > since]

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last seen, in UTC; None if never, or longer than keep ago."""
        user_id = user.id
        with self._lock:
            since = self._now() - self._keep
            seen = max(users.get(user_id, since) for users in self._in_order.values())
        return EPOCH + seen * MICROSECOND if seen > since else None

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
        """Return the time in microseconds, never an earlier one than before: a dict is in order of time."""
        now = round(self._clock() * 1_000_000)
        if now > self._newest:  # noqa: PLR1730  # max() would be a fifth of a mark's time
            self._newest = now
        return self._newest

    def _forget_a_few(self, now: int) -> None:
        """Remove A_FEW users of each dict, or fewer: those last seen at least keep ago stand at its front."""
        self._peak = max(self._peak, sum(map(len, self._in_order.values())))
        for users in self._in_order.values():
            for _ in range(A_FEW):
                if now - next(iter(users.values()), now) < self._keep:
                    break
                users.popitem(last=False)
        self._in_order = {back: users for back, users in self._in_order.items() if users or not back}
        first_seen = min(next(iter(users.values()), now) for users in self._in_order.values())
        self._next_expiry = first_seen + self._keep
        if sum(map(len, self._in_order.values())) <= self._peak // 64:  # an emptied dict keeps its size: copy
            self._in_order = {back: OrderedDict(users) for back, users in self._in_order.items()}
            self._last_seen, self._peak = self._in_order[0], 0
