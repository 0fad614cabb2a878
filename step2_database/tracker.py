"""Step 2 remembers in a column of the users' table: users.last_seen.

    tracker = DatabaseTracker(User.__table__, writing=engine, reading=engine)
    tracker.mark_online(user)                  # anything with an id
    tracker.get_online()                       # how many were seen within the last five minutes
    tracker.get_online(timedelta(days=3))      # how many within the last three days
    tracker.online_users()                     # who: [(id, last seen), ...], newest first

A file to lift as it is: what the trackers have in common is written out in each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pytz import UTC  # datetime.UTC is the same; the article has this one
from sqlalchemy import Engine, Table, bindparam, column, func, or_, select, table, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

Clock = Callable[[], float]  # seconds since the epoch
FIVE_MINUTES = timedelta(minutes=5)
EPOCH = datetime.fromtimestamp(0, UTC)


class DatabaseTracker:
    """Counts the users seen within a sliding window of any length, whichever process saw them.

    users: a table with the columns id and last_seen, which takes and gives aware datetimes.
    writing, reading: engines in AUTOCOMMIT that no request uses; two, so that a slow count delays no mark.
    resolution: how stale last_seen may be; a user is written at most once in that time.
    """

    survives_restart = True
    shared_between_processes = True
    any_window = True
    outages: tuple[type[Exception], ...] = (DBAPIError,)
    # no connection is free: the database works, and is busy
    overloads: tuple[type[Exception], ...] = (PoolTimeoutError,)

    def __init__(
        self,
        users: Table,
        *,
        writing: Engine,
        reading: Engine,
        window: timedelta = FIVE_MINUTES,
        resolution: timedelta = timedelta(0),
        clock: Clock = time.time,
    ) -> None:
        if resolution < timedelta(0):
            raise ValueError(f"a resolution of {resolution} is less than zero: give zero, or more")
        self.resolution = resolution
        self.window = self.check_window(window)
        self._clock = clock
        self._writing, self._reading = writing, reading

        # Just these two columns of the table: another one with an onupdate default would join the UPDATE.
        columns = [column(name, users.c[name].type) for name in ("id", "last_seen")]
        seen = table(users.name, *columns, schema=users.schema)
        last_seen = seen.c.last_seen
        is_user = seen.c.id == bindparam("user_id")
        is_stale = or_(last_seen.is_(None), last_seen < bindparam("stale"))
        is_online = last_seen > bindparam("since")
        self._mark = update(seen).where(is_user, is_stale).values(last_seen=bindparam("now"))
        self._count = select(func.count()).select_from(seen).where(is_online)
        self._newest = select(seen).where(is_online).order_by(last_seen.desc()).limit(bindparam("limit"))
        self._last_seen = select(last_seen).where(is_user)

    def mark_online(self, user: Any) -> None:
        """Write that the user was seen now, unless what is loaded or what is stored is fresh enough."""
        now = self._now()
        stale = _earlier(now, self.resolution)
        # not user.last_seen: reading an attribute that is not loaded would send a SELECT
        loaded = getattr(user, "__dict__", {}).get("last_seen")
        if loaded is not None and loaded >= stale:
            return
        with self._writing.connect() as connection:
            connection.execute(self._mark, {"user_id": user.id, "now": now, "stale": stale})

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        since = _earlier(self._now(), self.check_window(window))
        with self._reading.connect() as connection:
            return connection.execute(self._count, {"since": since}).scalar_one()

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        since = _earlier(self._now(), self.check_window(window))
        if limit < 1:
            raise ValueError(f"limit is {limit}: ask for at least 1 user")
        with self._reading.connect() as connection:
            rows = connection.execute(self._newest, {"since": since, "limit": limit})
            return [(row.id, row.last_seen) for row in rows]

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last seen, in UTC, as the database has it; None if never."""
        with self._reading.connect() as connection:
            return connection.execute(self._last_seen, {"user_id": user.id}).scalar_one_or_none()

    def check_window(self, window: timedelta | None) -> timedelta:
        """Return the window, the default for None. TypeError, ValueError: one that cannot be answered."""
        if window is None:
            return self.window
        if not isinstance(window, timedelta):
            raise TypeError(f"a window has a unit: write timedelta(minutes={window!r}), not {window!r}")
        if window <= timedelta(0):
            raise ValueError(f"a window of {window} holds nobody: ask for more than zero")
        if window <= self.resolution:
            raise ValueError(
                f"a window of {window} is within the resolution, {self.resolution}: ask for more"
            )
        return window

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _earlier(now: datetime, span: timedelta) -> datetime:
    return now - min(span, now - EPOCH)  # a window may be longer than a datetime reaches back
