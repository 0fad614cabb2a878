"""The demo is tested with the app of the tests of common/."""

from __future__ import annotations

from tests.common.conftest import app, client, tracker

__all__ = ["app", "client", "tracker"]
