"""The exercises use what the tests of their step do."""

from __future__ import annotations

from tests.step1_dict.conftest import app, make_app

__all__ = ["app", "make_app"]
