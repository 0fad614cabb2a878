"""The exercises use what the tests of their step do."""

from __future__ import annotations

from tests.step2_database.conftest import app, backend, database, make_app

__all__ = ["app", "backend", "database", "make_app"]
