"""What tests of an app in their own process share."""

from __future__ import annotations

from flask import Flask

QUICK_HASH = "scrypt:128:8:1"  # less than a millisecond instead of 100


def token_of(app: Flask, name: str) -> str:
    """Sign in as a user whose password is demo; this marks the user."""
    answer = app.test_client().post("/api/tokens", auth=(name, "demo"))
    token: str = answer.json["token"]  # type: ignore[index]
    return token


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}
