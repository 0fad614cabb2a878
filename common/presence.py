"""Who is online in this app: a Flask extension around a tracker, and one file to lift as it is.

    presence.init_app(app, DictTracker())      # where the app is made
    presence.record(user)                      # where a user is recognised, once a request
    presence.mark_offline(user)                # where a user signs out
    presence.get_online()                      # in a view; {{ online_count() }} in a template

When the store fails, a request that only marks its user still succeeds, and a count answers 503, "unknown".
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, ParamSpec, Protocol, TypeVar
from uuid import UUID

from flask import Flask, current_app
from werkzeug.exceptions import ServiceUnavailable

LOGGER = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class HasId(Protocol):
    """Anything with an id can be tracked."""

    @property
    def id(self) -> Any: ...  # noqa: D102


class OnlineTracker(Protocol):
    """Remembers when each user was last seen; the three steps differ only in where."""

    @property
    def window(self) -> timedelta:
        """How long after a request a user counts as online, unless another window is asked for."""

    @property
    def resolution(self) -> timedelta:
        """How stale last_seen may be; zero is exact."""

    @property
    def survives_restart(self) -> bool:
        """Whether a restart of the app keeps what was remembered."""

    @property
    def shared_between_processes(self) -> bool:
        """Whether all workers see the same users."""

    @property
    def any_window(self) -> bool:
        """Whether every user is remembered for ever, so that a window of any length can be answered."""

    @property
    def outages(self) -> tuple[type[Exception], ...]:
        """The errors that mean "the store fails"."""

    @property
    def overloads(self) -> tuple[type[Exception], ...]:
        """The errors that mean "the store works, and has no time for this call"."""

    def mark_online(self, user: HasId) -> None:
        """Remember that the user was seen now; an earlier time never replaces a later one."""

    def mark_offline(self, user: HasId, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again.

        It sets last_seen back to now - (window - tail), unless it is earlier already. Errors as in
        check_window() of that span, which is shorter than the window by the tail.
        """

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window: last_seen > now - window."""

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen) of those users, newest first, at most limit of them."""

    def last_seen(self, user: HasId) -> datetime | None:
        """Return an aware UTC datetime; None for a user never seen, or longer ago than is kept."""

    def check_window(self, window: timedelta | None) -> timedelta:
        """Return the window, the default for None.

        TypeError: not a timedelta. ValueError: one that cannot be answered, with the reason.
        """


class PresenceUnknown(ServiceUnavailable):
    """The store fails, so it is unknown who is online; in a view this is a 503."""

    description = "Who is online is unknown, because the presence store does not answer; try again later."


class CircuitBreaker:
    """Leaves a store alone for a while after it has failed, and then lets one call try it again.

    While the store hangs, one call in rest_seconds waits for the driver's timeout; all others fail at once.
    outages: the errors after which the store is left alone.
    overloads: the errors that fail their own call only; MANY of them in a row are an outage, too.
    warn: called with the error, once for each outage, and at most once in rest_seconds for overloads.
    """

    MANY = 10

    def __init__(
        self,
        outages: tuple[type[Exception], ...],
        overloads: tuple[type[Exception], ...],
        warn: Callable[[Exception], None],
        rest_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outages = outages
        self._overloads = overloads
        self._warn = warn
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._lock = Lock()
        self.failing = False  # until a call succeeds
        self._being_tried = False
        self._retry_at = 0.0  # on the monotonic clock, in seconds
        self._overloads_in_a_row = 0
        self._next_overload_warning_at = float("-inf")  # on the monotonic clock, in seconds

    def is_resting(self) -> bool:
        """Whether a call would be refused now: the store fails, and it is too early to try it again."""
        return self.failing and (self._being_tried or self._monotonic() < self._retry_at)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function. PresenceUnknown: it fails, or the store is being left alone."""
        with self._lock:
            if self.is_resting():
                raise PresenceUnknown
            trying_again = self.failing  # while it fails, this call is the one that tries the store again
            self._being_tried = trying_again
        try:
            result = function(*args, **kwargs)
        except self._overloads as error:
            self._note_overload(error)
            raise PresenceUnknown from error
        except self._outages as error:
            self._note_outage(error)
            raise PresenceUnknown from error
        else:
            self._overloads_in_a_row = 0
            if trying_again:
                self.failing = False
            return result
        finally:
            if trying_again:
                self._being_tried = False

    def _note_outage(self, error: Exception) -> None:
        with self._lock:
            is_new = not self.failing
            self.failing = True
            self._retry_at = self._monotonic() + self._rest_seconds
        if is_new:
            self._warn(error)

    def _note_overload(self, error: Exception) -> None:
        with self._lock:
            self._overloads_in_a_row += 1
            is_outage = self._overloads_in_a_row >= self.MANY  # a store that hangs holds all its connections
            now = self._monotonic()
            must_warn = not is_outage and now >= self._next_overload_warning_at
            if must_warn:
                self._next_overload_warning_at = now + self._rest_seconds
        if is_outage:
            self._note_outage(error)
        elif must_warn:
            self._warn(error)


class KeptCount:
    """A count that is kept for a second, and asked for by one thread at a time.

    A number that stands on every page would otherwise be counted anew for each visitor, and in a crowd they
    would wait for each other's counts.
    ask: returns the count, or None while it is unknown, which is kept for a second, too.
    """

    SECONDS = 1.0

    def __init__(self, ask: Callable[[], int | None], monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._lock = Lock()
        self._kept: tuple[int | None, float] = (None, float("-inf"))  # and when it was asked for

    def get(self) -> int | None:
        """Return the count of at most a second ago, or of two while another thread asks for the next."""
        count, asked_at = self._kept
        age = self._monotonic() - asked_at
        # while one thread asks, the others take the last count; only one that is too old is worth a wait
        if not self._lock.acquire(blocking=age >= 2 * self.SECONDS):
            return count
        try:
            count, asked_at = self._kept  # another thread may have asked while this one waited for the lock
            now = self._monotonic()
            if now - asked_at >= self.SECONDS:
                count = self._ask()
                self._kept = (count, now)
            return count
        finally:
            self._lock.release()


class Presence:
    """The tracker of one app, with a circuit breaker for marks and one for reads."""

    def __init__(
        self,
        tracker: OnlineTracker,
        rest_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        logger: logging.Logger = LOGGER,
    ) -> None:
        self.tracker = tracker

        def breaker(what_follows: str) -> CircuitBreaker:
            warn = partial(warn_of, logger, what_follows)
            return CircuitBreaker(tracker.outages, tracker.overloads, warn, rest_seconds, monotonic)

        self._marks = breaker("Users are not marked")
        self._reads = breaker("Who is online is unknown")
        self._monotonic = monotonic
        self._not_marked: HasId | None = None  # the last user whose mark failed
        self._not_marked_at = 0.0  # on the monotonic clock, in seconds
        self._kept_count = KeptCount(self._count_or_none, monotonic)

    def record(self, user: Any) -> None:
        """Mark the user as seen now, best effort: a store that fails costs a warning, and never the request.

        user: an object with an id, a mapping or row with the key "id", or an id. TypeError: it has none.
        """
        user = with_id(user)
        if self._marks.failing:
            # Without last_seen, so that step 2 writes for certain: only a write shows that the store works.
            user = SimpleNamespace(id=user.id)
        try:
            self._marks.call(self.tracker.mark_online, user)
        except PresenceUnknown:
            self._not_marked = SimpleNamespace(id=user.id)
            self._not_marked_at = self._monotonic()

    def mark_offline(self, user: Any, tail: timedelta = timedelta(0)) -> None:
        """Let the user count for the tail, and no longer unless seen again; best effort, as record() is.

        If the store fails, the user leaves when the window has passed, as everybody does who just goes away.
        tail: less than the window, by more than the resolution; otherwise a ValueError. user: as in record().
        """
        with suppress(PresenceUnknown):
            self._marks.call(self.tracker.mark_offline, with_id(user), tail)

    def get_online(self, window: timedelta | None = None) -> int:
        """Count the users seen within the window. PresenceUnknown (503): the store fails."""
        return self._read(self.tracker.get_online, window)

    def online_count(self) -> int | None:
        """Count those within the default window, for every page: kept for a second; None if unknown."""
        if self._marks.failing or self._reads.failing:
            return self._count_or_none()  # what was kept is from before the outage
        return self._kept_count.get()

    def _count_or_none(self) -> int | None:
        try:
            return self.get_online()
        except PresenceUnknown:
            return None

    def online_users(self, window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
        """List (id, last seen in UTC) of those users, newest first; PresenceUnknown as above."""
        return self._read(self.tracker.online_users, window, limit)

    def last_seen(self, user: Any) -> datetime | None:
        """Return when the user was last seen, in UTC; None if never; PresenceUnknown as above."""
        return self._read(self.tracker.last_seen, with_id(user))

    def _read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._marks.failing and self._may_lack_somebody():
            # Without new marks, a count sinks to a 0 that looks true. So it is unknown until marks succeed
            # again, and a read tries that, once the rest is over, with the last user who could not be marked:
            # a worker that is only asked for counts would never learn that the outage has ended.
            if self._not_marked is None:
                raise PresenceUnknown
            self._marks.call(self.tracker.mark_online, self._not_marked)
        return self._reads.call(function, *args, **kwargs)

    def _may_lack_somebody(self) -> bool:
        """Whether the last user who could not be marked came within the window, and so is still online."""
        since = self._monotonic() - self._not_marked_at
        return self._not_marked is None or since < self.tracker.window.total_seconds()


def init_app(app: Flask, tracker: OnlineTracker) -> None:
    """Give the app its tracker, and its templates online_count(); warn of workers that would count apart."""
    app.extensions["presence"] = Presence(tracker, logger=app.logger)
    app.add_template_global(_count_or_blank, "online_count")
    if not tracker.shared_between_processes and (workers := workers_asked_for()) > 1:
        app.logger.warning(
            "This server starts %d workers, and each will count its own users only: "
            "start one worker with threads, or take a tracker that all processes share.",
            workers,
        )


def workers_asked_for() -> int:
    """Return how many workers uWSGI or gunicorn was told to start; 1 where that cannot be seen."""
    if "uwsgi" in sys.modules:  # the module exists only inside that server
        return int(sys.modules["uwsgi"].numproc)
    if "gunicorn" not in Path(sys.argv[0]).parts[-2:]:  # its command, or python -m gunicorn
        return 1
    gunicorn = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    gunicorn.add_argument("-w", "--workers", type=int, default=int(os.environ.get("WEB_CONCURRENCY", "1")))
    told = [*shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")), *sys.argv[1:]]
    return int(gunicorn.parse_known_args(told)[0].workers)


def current_presence() -> Presence:
    """Return the current app's presence. RuntimeError: it has none."""
    found: Presence | None = current_app.extensions.get("presence")
    if found is None:
        raise RuntimeError("This app has no presence: call presence.init_app(app, tracker) where it is made.")
    return found


def record(user: Any) -> None:
    """Mark the user as seen now, best effort; see Presence.record()."""
    current_presence().record(user)


def mark_offline(user: Any, tail: timedelta = timedelta(0)) -> None:
    """Let the user count for the tail, and no longer unless seen again; see Presence.mark_offline()."""
    current_presence().mark_offline(user, tail)


def get_online(window: timedelta | None = None) -> int:
    """Count the users seen within the window. PresenceUnknown (503): the store fails."""
    return current_presence().get_online(window)


def online_users(window: timedelta | None = None, limit: int = 100) -> list[tuple[Any, datetime]]:
    """List (id, last seen in UTC) of those users, newest first; PresenceUnknown as above."""
    return current_presence().online_users(window, limit)


def last_seen(user: Any) -> datetime | None:
    """Return when the user was last seen, in UTC; None if never; PresenceUnknown as above."""
    return current_presence().last_seen(user)


def online_count() -> int | None:
    """Count the users seen within the default window, at most a second ago or two; None if unknown."""
    return current_presence().online_count()


def _count_or_blank() -> int | str:
    count = online_count()
    return "" if count is None else count  # a template writes nothing while it is unknown


def with_id(user: Any) -> HasId:
    """Return an object with an id for what an app has: such an object, a mapping or row, or an id.

    TypeError: it is none of these, as None and somebody who has not signed in are not.
    """
    try:
        if hasattr(user, "id"):
            known: HasId = user
        elif hasattr(user, "keys"):  # a dict, or a row such as sqlite3.Row
            known = SimpleNamespace(id=user["id"])
        else:
            known = SimpleNamespace(id=user)
        if not isinstance(known.id, int | str | UUID) or isinstance(known.id, bool) or known.id == "":
            raise TypeError
    except (TypeError, LookupError):
        raise TypeError(
            f"{type(user).__name__} is no user: give an object with an id, a row with one, or an id."
        ) from None
    return known


def warn_of(logger: logging.Logger, what_follows: str, error: Exception) -> None:
    """Log what follows from an error of the store."""
    reason = BaseException.__repr__(error)  # redis-py's own repr leaves the reason out
    logger.warning("%s, the presence store fails: %s", what_follows, reason)
