"""What every tracker promises, and record(): the best-effort way to tell the tracker that a user was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from types import SimpleNamespace
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
        """Whether nobody is ever forgotten, so that no window is too long."""

    @property
    def outages(self) -> tuple[type[Exception], ...]:
        """The errors that mean "the store fails"."""

    def mark_online(self, user: HasId) -> None:
        """Remember that the user was seen now; an earlier time never replaces a later one."""

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
    """The store fails: nobody knows who is online."""

    description = "Who is online is unknown, because the presence store failed; try again later."


@dataclass
class Circuit:
    """A circuit breaker for marks, or for reads: whether they fail, and when one may try the store again."""

    failing: bool = False
    being_tried: bool = False
    retry_at: float = 0.0  # seconds, on the monotonic clock


class Presence:
    """The tracker of one app, and whether its store is answering.

    A store that hangs costs one call its driver's timeout every rest_seconds, and all others nothing.
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
        self._marks, self._reads = Circuit(), Circuit()
        self._lock = Lock()

    def record(self, user: HasId) -> None:
        """Mark the user; a failing store costs one warning an outage, never the request."""
        with suppress(PresenceUnknown), self._guard(self._marks):
            if self._marks.failing:
                # without last_seen, for which step 2 may spare the write: that would prove nothing
                user = SimpleNamespace(id=user.id)
            self.tracker.mark_online(user)

    @contextmanager
    def answering(self) -> Iterator[OnlineTracker]:
        """Lend the tracker for reading.

        PresenceUnknown (503): reads fail, or the last mark did, however long ago: while marks fail, the count
        sinks to a 0 that looks true.
        """
        if self._marks.failing:
            raise PresenceUnknown
        with self._guard(self._reads):
            yield self.tracker

    @contextmanager
    def _guard(self, circuit: Circuit) -> Iterator[None]:
        """Let one call through. PresenceUnknown: it fails, or the store is being left alone."""
        with self._lock:
            trying_again = circuit.failing
            if trying_again:
                if circuit.being_tried or self._monotonic() < circuit.retry_at:
                    raise PresenceUnknown
                circuit.being_tried = True
        try:
            yield
        except self.tracker.outages as error:
            with self._lock:
                now = self._monotonic()
                other = self._reads if circuit is self._marks else self._marks
                # one outage, one warning; what failed and was not tried again for a minute was another one
                is_told = circuit.failing or (other.failing and now < other.retry_at + 60)
                circuit.failing = True
                circuit.retry_at = now + self._rest_seconds
            if not is_told:
                reason = BaseException.__repr__(error)  # redis-py's own leaves the reason out
                current_app.logger.warning("Who is online is unknown, the presence store fails: %s", reason)
            raise PresenceUnknown from error
        else:
            if trying_again:
                circuit.failing = False
        finally:
            if trying_again:
                circuit.being_tried = False


def presence() -> Presence:
    """Return the current app's presence, which its create_app() has put there."""
    found: Presence = current_app.extensions["presence"]
    return found


def record(user: HasId) -> None:
    """Mark the user as seen now, best effort: the only way an app marks anybody."""
    presence().record(user)


def answering_tracker() -> AbstractContextManager[OnlineTracker]:
    """Lend the current app's tracker for reading; PresenceUnknown (503) while its store is failing."""
    return presence().answering()
