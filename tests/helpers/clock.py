"""A clock that moves only when a test says so, and the spans that most tests ask about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MICROSECOND = timedelta(microseconds=1)
FIVE_MINUTES = timedelta(minutes=5)
AN_HOUR = timedelta(hours=1)


class FakeClock:
    """Seconds since the epoch, as time.time() gives them; exact to the microsecond, whatever is added."""

    def __init__(self, start: datetime = datetime(2026, 1, 31, 8, 0, 0, 123457, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now.timestamp()

    def advance(self, **units: float) -> None:
        """Move on, or back, by a timedelta's worth: advance(minutes=5, microseconds=-1)."""
        self.now += timedelta(**units)
