"""What the step gives its app beside the tracker: a name, and the migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import step2_database.app
from step2_database.models import db
from tests.helpers.started_steps import ROOT


@pytest.fixture
def backend() -> str:
    """Neither depends on the database."""
    return "sqlite"


def test_both_ways_to_run_it_find_the_same_instance_folder_and_show_the_steps_name(app: Flask) -> None:
    assert (app.name, Path(app.instance_path)) == ("step2_database", ROOT / "instance")


def test_the_migrations_are_those_beside_the_app_wherever_flask_is_started(app: Flask) -> None:
    migrate: Any = app.extensions["migrate"]
    beside = Path(step2_database.app.__file__).parent / "migrations"
    assert (migrate.db, migrate.directory) == (db, str(beside))
    assert beside.is_dir()
