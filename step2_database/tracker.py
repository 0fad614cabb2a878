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
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pytz import UTC  # datetime.UTC is the same; the article has this one
from sqlalchemy import exc

EPOCH = datetime.fromtimestamp(0, UTC)


class DatabaseTracker:
    """Counts the users seen within a sliding window of any length, whichever process saw them.

    users: a table with a user's id and with when that user was last seen, in aware datetimes.
    columns: the keys of these two in users.c.
    writing, reading: engines in AUTOCOMMIT that no request uses; two, so that a slow count delays no mark.
    resolution: how stale last_seen may be; a user is written at most once in that time.
    """

    survives_restart = True
    shared_between_processes = True
    any_window = True
    outages: tuple[type[Exception], ...] = (exc.DBAPIError,)
    overloads: tuple[type[Exception], ...] = (exc.TimeoutError,)  # the database works, and is busy

    def __init__(
        self,
        users: sa.Table,
        *,
        columns: tuple[str, str] = ("id", "last_seen"),
        writing: sa.Engine,
        reading: sa.Engine,
        window: timedelta = timedelta(minutes=5),
        resolution: timedelta = timedelta(0),
        clock: Callable[[], float] = time.time,  # seconds since the epoch
    ) -> None:
        if resolution < timedelta(0):
            raise ValueError(f"a resolution of {resolution} is less than zero: give zero, or more")
        self.resolution = resolution
        self.window = self.check_window(window)
        self._clock, self._writing, self._reading = clock, writing, reading
        made_with = getattr(writing.dialect, "_on_connect_isolation_level", "AUTOCOMMIT")
        if writing.get_execution_options().get("isolation_level", made_with) != "AUTOCOMMIT":
            raise ValueError("the engine for marks is not in AUTOCOMMIT, and would keep no mark: make it so")
        _check_columns(users, columns, writing.dialect.name)
        # Just these two columns of the table: another one with an onupdate default would join the UPDATE.
        user_id, last_seen = (sa.column(users.c[key].name, users.c[key].type) for key in columns)
        seen = sa.table(users.name, user_id, last_seen, schema=users.schema)
        self._attribute = columns[1]
        is_user = user_id == sa.bindparam("user_id")
        is_stale = sa.or_(last_seen.is_(None), last_seen < sa.bindparam("stale"))
        is_online = last_seen > sa.bindparam("since")
        self._mark = sa.update(seen).where(is_user, is_stale).values({last_seen: sa.bindparam("now")})
        self._set_back = sa.update(seen).where(is_user, is_online).values({last_seen: sa.bindparam("since")})
        self._count = sa.select(sa.func.count()).select_from(seen).where(is_online)
        self._newest = sa.select(seen).where(is_online).order_by(last_seen.desc())
        self._last_seen = sa.select(last_seen).where(is_user)

    def mark_online(self, user: Any) -> None:
        """Write that the user was seen now, unless what is loaded or what is stored is fresh enough."""
        now = self._now()
        stale = _earlier(now, self.resolution)
        # not user.last_seen: reading an attribute that is not loaded would send a SELECT
        loaded = getattr(user, "__dict__", {}).get(self._attribute)
        if loaded is None or loaded < stale:
            self._run(self._writing, self._mark, user_id=user.id, now=now, stale=stale)

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again; errors as in check_window()."""
        since = _earlier(self._now(), self.check_window(self.window - tail))
        self._run(self._writing, self._set_back, user_id=user.id, since=since)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window; ValueError, TypeError as in check_window()."""
        since = _earlier(self._now(), self.check_window(window))
        return int(self._run(self._reading, self._count, since=since)[0][0])

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of the users seen within the window, newest first."""
        since = _earlier(self._now(), self.check_window(window))
        if limit < 1:
            raise ValueError(f"limit is {limit}: ask for at least 1 user")
        return [(row[0], row[1]) for row in self._run(self._reading, self._newest.limit(limit), since=since)]

    def last_seen(self, user: Any) -> datetime | None:
        """When the user was last seen, in UTC, as the database has it; None if never."""
        return next((row[0] for row in self._run(self._reading, self._last_seen, user_id=user.id)), None)

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

    def _run(self, engine: sa.Engine, statement: sa.Executable, **values: Any) -> Sequence[Any]:
        """Run a statement, and return its rows; once more where the connection had been closed while idle."""
        try:
            return _run_once(engine, statement, **values)
        except exc.DBAPIError as error:
            # one that was answered too late is not tried again: it would be waited for twice
            too_late = isinstance(getattr(error.orig, "__context__", None), TimeoutError)
            if too_late or not error.connection_invalidated:
                raise
        return _run_once(engine, statement, **values)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _check_columns(users: sa.Table, columns: tuple[str, str], database: str) -> None:
    """ValueError: a column is missing, or would give times without a zone."""
    if missing := set(columns) - set(users.c.keys()):
        raise ValueError(f"{users.name} has no {min(missing)}: give the table that has it, or other columns=")
    kept_as = users.c[columns[1]].type
    if isinstance(kept_as, sa.DateTime) and not (kept_as.timezone and database == "postgresql"):
        raise ValueError(f"{users.name}.{columns[1]} keeps no time zone: migrate it to a UtcDateTime")


def _run_once(engine: sa.Engine, statement: sa.Executable, **values: Any) -> Sequence[Any]:
    with engine.connect() as connection:
        result = connection.execute(statement, values)
        rows = result.all() if result.returns_rows else []
        if engine.dialect.name == "sqlite":
            connection.commit()  # an app may let SQLAlchemy begin a transaction on every SQLite connection
        return rows


def _earlier(now: datetime, span: timedelta) -> datetime:
    return now - min(span, now - EPOCH)  # a window may be longer than a datetime reaches back
