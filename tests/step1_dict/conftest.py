"""Step 1 as an app in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from common.accounts import add_account, create_tables
from step1_dict.app import create_app
from step1_dict.models import db
from tests.helpers.apps import QUICK_HASH

MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Make an app with the users alice, bob and carol, whose ids are 1 to 3."""
    apps: list[Flask] = []

    def make(**settings: Any) -> Flask:
        app = create_app({
            "SECRET_KEY": "a test's own key",
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users.sqlite",
            "PASSWORD_HASH_METHOD": QUICK_HASH,
            **settings,
        })  # fmt: skip
        apps.append(app)
        with app.app_context():
            create_tables()
            for name in ("alice", "bob", "carol"):
                add_account(name, "demo")
        return app

    yield make
    for app in apps:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app with the settings that it has by default."""
    return make_app()
