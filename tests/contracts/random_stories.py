"""One model for all trackers: a few lines that say what each must answer, and a machine that compares."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy, integers, one_of, sampled_from, timedeltas

from common.presence import OnlineTracker
from tests.helpers.clock import FIVE_MINUTES, MICROSECOND, FakeClock
from tests.helpers.users import Someone

WINDOW, KEEP = FIVE_MINUTES, timedelta(minutes=10)
LONG_AGO = datetime.min.replace(tzinfo=UTC)

# makes one that has seen nobody; its window is WINDOW, and its keep is KEEP if it forgets anybody
NewTracker = Callable[[FakeClock], OnlineTracker]


class Model:
    """What a tracker must remember: when each user was last seen."""

    def __init__(self, resolution: timedelta) -> None:
        self.resolution = resolution
        self.last_seen: dict[int, datetime] = {}

    def mark(self, user_id: int, now: datetime) -> None:
        """Write a user who was not seen yet, or whose time is more than the resolution old; never back."""
        if user_id not in self.last_seen or self.last_seen[user_id] < now - self.resolution:
            self.last_seen[user_id] = now

    def leave(self, user_id: int, since: datetime) -> None:
        """Set a user who was seen after that back to it."""
        if user_id in self.last_seen:
            self.last_seen[user_id] = min(self.last_seen[user_id], since)

    def seen_after(self, since: datetime) -> dict[int, datetime]:
        """Return those seen later than that."""
        return {user_id: seen for user_id, seen in self.last_seen.items() if seen > since}


@dataclass(frozen=True)
class Expected:
    """What a step's test expects where trackers differ, so that no story asks which tracker it is about.

    keep: how long a user is remembered; None if nobody is forgotten, so that any window is answered.
    holds_the_newest_time: whether time stands still while the clock is back; if not, it goes back too.
    resolution: how stale last_seen may be.
    model: what a tracker with that resolution must remember.
    """

    keep: timedelta | None
    holds_the_newest_time: bool
    resolution: timedelta = timedelta(0)
    model: type[Model] = Model

    def answers(self, window: timedelta) -> bool:
        """Whether a window has to be answered; any other is refused."""
        return window > self.resolution and (self.keep is None or window <= self.keep)


def spans(longest: timedelta) -> SearchStrategy[timedelta]:
    """Times from a microsecond on, and often those at which something changes."""
    edges = [edge + nudge for edge in (WINDOW, KEEP) for nudge in (-MICROSECOND, timedelta(0), MICROSECOND)]
    return one_of(timedeltas(MICROSECOND, longest), sampled_from([edge for edge in edges if edge <= longest]))


USERS = integers(1, 5)


class TrackerMachine(RuleBasedStateMachine):
    """Does to a tracker and to the model what may happen, in any order, and compares every answer."""

    def __init__(self, new_tracker: NewTracker, expected: Expected) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.tracker = new_tracker(self.clock)
        self.expected = expected
        assert self.tracker.resolution == expected.resolution
        self.model = expected.model(expected.resolution)
        self.newest = LONG_AGO  # that the tracker has read

    def now(self) -> datetime:
        """The time for a tracker that reads the clock now."""
        self.newest = max(self.newest, self.clock.now)
        return self.newest if self.expected.holds_the_newest_time else self.clock.now

    @rule(user_id=USERS)
    def mark(self, user_id: int) -> None:
        """A user makes a request."""
        self.tracker.mark_online(Someone(user_id))
        self.model.mark(user_id, self.now())

    @rule(user_id=USERS, lag=spans(timedelta(hours=1)))
    def mark_late(self, user_id: int, lag: timedelta) -> None:
        """A user makes a request to a host whose clock lags."""
        with self.clock_behind(lag):
            self.mark(user_id)

    @rule(user_id=USERS, tail=spans(WINDOW + MICROSECOND))
    def leave(self, user_id: int, tail: timedelta) -> None:
        """A user goes, and counts for the tail; one that is too long is refused."""
        self._leave(user_id, tail)

    @rule(user_id=USERS)
    def leave_at_once(self, user_id: int) -> None:
        """A user goes, and counts no longer."""
        self._leave(user_id, timedelta(0))

    def _leave(self, user_id: int, tail: timedelta) -> None:
        if WINDOW - tail > self.expected.resolution:
            self.tracker.mark_offline(Someone(user_id), tail)
            self.model.leave(user_id, self.now() - (WINDOW - tail))
        else:
            with pytest.raises(ValueError, match="ask for"):
                self.tracker.mark_offline(Someone(user_id), tail)

    @contextmanager
    def clock_behind(self, lag: timedelta) -> Any:
        """Set the clock back for a while."""
        right = self.clock.now
        self.clock.now -= lag
        yield
        self.clock.now = right

    @rule(span=spans(timedelta(minutes=15)))
    def wait(self, span: timedelta) -> None:
        """Time goes by."""
        self.clock.now += span

    @rule()
    def count_by_default(self) -> None:
        """Someone asks who is online, and names no window."""
        assert self.tracker.get_online() == len(self.model.seen_after(self.now() - WINDOW))

    @rule(window=spans(timedelta(days=5)))
    def count(self, window: timedelta) -> None:
        """Someone asks about a window; it is answered rightly, or refused."""
        if self.expected.answers(window):
            assert self.tracker.get_online(window) == len(self.model.seen_after(self.now() - window))
        else:
            with pytest.raises(ValueError, match="ask for"):
                self.tracker.get_online(window)

    @rule(window=spans(KEEP), limit=integers(1, 6))
    def list_users(self, window: timedelta, limit: int) -> None:
        """Someone asks for names."""
        if self.expected.answers(window):
            listed = self.tracker.online_users(window, limit)
            online = self.model.seen_after(self.now() - window)
            assert [seen for _, seen in listed] == sorted(online.values(), reverse=True)[:limit]
            assert len(dict(listed)) == len(listed)
            assert dict(listed).items() <= online.items()

    @rule(user_id=USERS)
    def look_up(self, user_id: int) -> None:
        """Someone asks when a user was last seen."""
        now = self.now()
        since = LONG_AGO if self.expected.keep is None else now - self.expected.keep
        assert self.tracker.last_seen(Someone(user_id)) == self.model.seen_after(since).get(user_id)


def compare_with_the_model(new_tracker: NewTracker, expected: Expected, examples: int) -> None:
    """Let the machine try that many stories; a failure prints its story as a program."""
    run_state_machine_as_test(
        lambda: TrackerMachine(new_tracker, expected),  # type: ignore[arg-type]  # a factory will do
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],  # a machine may be busy
        ),
    )
