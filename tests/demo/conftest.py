"""The demo is tested with the app of the tests of common/, which it gives a page."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo.page import Words, init_app
from tests.common.conftest import app, tracker

__all__ = ["app", "tracker"]
MARK = "seen {id} at {microseconds}, {utc:%H:%M:%S.%f}"


@pytest.fixture
def client(app: Flask) -> FlaskClient:  # pytest hands the fixture in
    """A client of that app, with its page."""
    init_app(app, Words("Notes remember.", "笔记记得。"), {"alice": "demo"}, mark=MARK)
    return app.test_client()
