"""Step 2 for an app without SQLAlchemy: remembers in a table of its own, with the standard library's sqlite3.

    tracker = Sqlite3Tracker("instance/yours.sqlite")
    tracker.mark_online(user)                  # anything with an id
    tracker.get_online()                       # how many were seen within the last five minutes
    tracker.get_online(timedelta(days=3))      # how many within the last three days
    tracker.online_users()                     # who: [(id, last seen), ...], newest first

A file to lift as it is: what the trackers have in common is written out in each.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

EPOCH = datetime.fromtimestamp(0, UTC)
MICROSECOND = timedelta(microseconds=1)  # the unit of all times in the table, since whole numbers are exact
WAIT_SECONDS = 0.5  # for another process that is writing
START_SECONDS = 10  # for the other workers, which start at the same moment

PREPARE = (
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE IF NOT EXISTS presence (user_id PRIMARY KEY, last_seen INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS presence_last_seen ON presence (last_seen)",
)


class Sqlite3Tracker:
    """Counts the users seen within a sliding window of any length, whichever process saw them.

    Each call has a connection of its own: in the request's, a mark would commit what the view has half done.
    path: a file of SQLite. The table presence is made in it here, if it is not there yet, and the file is put
    into WAL mode, which lets reads go on while a mark is written.
    resolution: how stale last_seen may be; a user is written at most once in that time.
    """

    survives_restart = True
    shared_between_processes = True
    any_window = True
    outages: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
    overloads: tuple[type[Exception], ...] = ()

    def __init__(
        self,
        path: str | Path,
        *,
        window: timedelta = timedelta(minutes=5),
        resolution: timedelta = timedelta(0),
        clock: Callable[[], float] = time.time,  # seconds since the epoch
    ) -> None:
        if resolution < timedelta(0):
            raise ValueError(f"a resolution of {resolution} is less than zero: give zero, or more")
        if str(path) in ("", ":memory:"):
            raise ValueError("a database in memory is seen by one connection only: name a file")
        self.resolution = resolution
        self.window = self.check_window(window)
        self._path, self._clock = path, clock
        self._wait_seconds: float = START_SECONDS
        for statement in PREPARE:
            self._run(statement)
        self._wait_seconds = WAIT_SECONDS

    def mark_online(self, user: Any) -> None:
        """Write that the user (anything with an id) was seen now, unless what is stored is fresh enough."""
        now = self._now()
        self._run(
            "INSERT INTO presence VALUES (:id, :now) ON CONFLICT (user_id) "
            "DO UPDATE SET last_seen = :now WHERE last_seen < :stale",
            id=user.id,
            now=now,
            stale=now - self.resolution // MICROSECOND,
        )

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again; errors as in check_window()."""
        self._run(
            "UPDATE presence SET last_seen = :since WHERE user_id = :id AND last_seen > :since",
            id=user.id,
            since=self._since(self.window - tail),
        )

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        count = "SELECT count(*) FROM presence WHERE last_seen > :since"
        return int(self._run(count, since=self._since(window))[0][0])

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        since = self._since(window)
        if limit < 1:
            raise ValueError(f"limit is {limit}: ask for at least 1 user")
        newest = "SELECT * FROM presence WHERE last_seen > :since ORDER BY last_seen DESC LIMIT :limit"
        rows = self._run(newest, since=since, limit=limit)
        return [(user_id, EPOCH + seen * MICROSECOND) for user_id, seen in rows]

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last seen, in UTC; None if never."""
        rows = self._run("SELECT last_seen FROM presence WHERE user_id = :id", id=user.id)
        return EPOCH + rows[0][0] * MICROSECOND if rows else None

    def check_window(self, window: timedelta | None) -> timedelta:
        """Return the window, the default for None. TypeError, ValueError: one that cannot be answered."""
        if window is None:
            return self.window
        if not isinstance(window, timedelta):
            raise TypeError(f"a window has a unit: write timedelta(minutes={window!r}), not {window!r}")
        if window <= timedelta(0):
            raise ValueError(f"a window of {window} holds nobody: ask for more than zero")
        if window <= self.resolution:
            raise ValueError(f"the window {window} is within the resolution, {self.resolution}: ask for more")
        return window

    def _now(self) -> int:
        return round(self._clock() * 1_000_000)

    def _since(self, window: timedelta | None) -> int:
        """Return the time after which a user was seen within the window, 1970 at the earliest."""
        return max(0, self._now() - self.check_window(window) // MICROSECOND)

    def _run(self, statement: str, **values: Any) -> list[Any]:
        waits = self._wait_seconds
        # isolation_level=None: each statement commits by itself
        with closing(sqlite3.connect(self._path, timeout=waits, isolation_level=None)) as connection:
            try:
                # no fsync for each mark: a power cut may lose the last marks, and in WAL mode damages no file
                connection.execute("PRAGMA synchronous = NORMAL")
                return connection.execute(statement, values).fetchall()
            except sqlite3.DatabaseError as error:
                if type(error) is sqlite3.DatabaseError:  # the file is damaged, or was replaced by another
                    raise sqlite3.OperationalError(str(error)) from error  # which is an outage, too
                raise
