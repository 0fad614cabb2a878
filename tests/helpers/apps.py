"""What tests of an app in their own process share."""

from __future__ import annotations

from flask import Flask

from common.presence import Presence
from tests.helpers.clock import FakeClock

QUICK_HASH = "scrypt:128:8:1"  # less than a millisecond instead of 100


def token_of(app: Flask, name: str) -> str:
    """Sign in as a user whose password is demo; this marks the user."""
    answer = app.test_client().post("/api/tokens", auth=(name, "demo"))
    token: str = answer.json["token"]  # type: ignore[index]
    return token


def own_retry_clock(app: Flask) -> FakeClock:
    """Let an app leave its failing store alone by a clock that the test moves, and return the clock."""
    clock = FakeClock()
    app.extensions["presence"] = Presence(app.extensions["presence"].tracker, monotonic=clock)
    return clock


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}
