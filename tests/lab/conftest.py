"""The lab's app, as a browser calls it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from lab.app import create_app


@pytest.fixture
def client() -> FlaskClient:
    """A client of the lab."""
    return create_app().test_client()
