"""What every tracker promises, and record(): the best-effort way to tell it that a user was seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from flask import current_app
from werkzeug.exceptions import ServiceUnavailable


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
        """Whether windows longer than what is kept in memory can be asked for."""

    @property
    def outages(self) -> tuple[type[Exception], ...]:
        """The errors that mean "the store does not answer"."""

    def mark_online(self, user: HasId) -> None:
        """Remember that the user was seen now; time never moves backwards."""

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
    """The store does not answer: nobody knows who is online."""

    description = "Who is online is unknown while the presence store is failing; try again in a few seconds."


class Presence:
    """The tracker of one app, and whether its store is answering.

    When a call fails, the store is left alone for rest_seconds and then tried by a single call, so that a
    store that hangs cannot hold every thread of the app.
    """

    def __init__(
        self,
        tracker: OnlineTracker,
        rest_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tracker = tracker
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._lock = Lock()
        self._failing = False
        self._retry_at = 0.0
        self._mark_lost_at = -math.inf

    def record(self, user: HasId) -> None:
        """Mark the user; a failing store costs one warning an outage, never the request."""
        try:
            with self._watched():
                self.tracker.mark_online(user)
        except PresenceUnknown:
            self._mark_lost_at = self._monotonic()

    @contextmanager
    def answering(self) -> Iterator[OnlineTracker]:
        """Lend the tracker for reading.

        PresenceUnknown (503): the store fails, or reads well while marks are being lost, where a count
        would decay to a believable 0.
        """
        lost_for = self._monotonic() - self._mark_lost_at
        if self._failing and lost_for < self.tracker.window.total_seconds():
            raise PresenceUnknown
        with self._watched():
            yield self.tracker

    @contextmanager
    def _watched(self) -> Iterator[None]:
        probing = self._enter()
        try:
            yield
        except self.tracker.outages as error:
            self._failed(error)
            raise PresenceUnknown from error
        if probing:
            self._failing = False
            self._mark_lost_at = -math.inf
            current_app.logger.info("The presence store answers again.")

    def _enter(self) -> bool:
        """Return whether this call is the one that tries a failing store again."""
        with self._lock:
            if not self._failing:
                return False
            now = self._monotonic()
            if now < self._retry_at:
                raise PresenceUnknown
            self._retry_at = now + self._rest_seconds
            return True

    def _failed(self, error: Exception) -> None:
        with self._lock:
            is_new, self._failing = not self._failing, True
            self._retry_at = self._monotonic() + self._rest_seconds
        if is_new:
            current_app.logger.warning("The presence store fails, nobody is marked as online: %r", error)


def presence() -> Presence:
    """Return the current app's presence, which its create_app() has put there."""
    found: Presence = current_app.extensions["presence"]
    return found


def record(user: HasId) -> None:
    """Mark the user as seen now, best effort; nothing else calls mark_online()."""
    presence().record(user)


def answering_tracker() -> AbstractContextManager[OnlineTracker]:
    """Lend the current app's tracker for reading; PresenceUnknown (503) while its store is failing."""
    return presence().answering()
