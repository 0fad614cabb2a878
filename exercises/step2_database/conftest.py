"""The exercises use what the tests of their step do."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from tests.helpers.clock import FakeClock
from tests.step2_database.conftest import app, backend, clock_of, database, make_app, tracker_of

__all__ = ["app", "backend", "database", "make_app"]


@pytest.fixture
def tracker(app: Flask) -> Any:  # what it is to have, no type checker knows yet
    return tracker_of(app)


@pytest.fixture
def clock(app: Flask) -> FakeClock:
    return clock_of(app)


@pytest.fixture
def read(tracker: Any) -> list[str]:
    """What the engine for reading is asked, from now on."""
    statements: list[str] = []
    event.listen(tracker._reading, "before_cursor_execute", lambda *of: statements.append(of[2]))
    return statements
