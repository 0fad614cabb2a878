"""The exercises use what the tests of their step do, and an app with its page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from demo import page
from step1_dict.tracker import DictTracker
from tests.helpers.clock import FakeClock
from tests.step1_dict.conftest import MakeApp, make_app

__all__ = ["make_app"]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:  # pytest hands the fixture in
    """An app as the demo serves it."""
    app = make_app()
    page.init_app(app, page.Words("A dict remembers.", "字典记得。"), {}, mark="{id}")
    return app


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tracker(clock: FakeClock) -> Any:  # what it is to have, no type checker knows yet
    return DictTracker(clock=clock)
