"""The column against the model of all trackers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from tests.contracts.random_stories import WINDOW, Expected, compare_with_the_model
from tests.helpers.clock import FakeClock
from tests.step2_database.conftest import MakeApp, tracker_of
from tests.step2_database.test_tracker import add_users


@pytest.mark.parametrize("resolution", [timedelta(0), timedelta(seconds=30)], ids=["exact", "resolution 30"])
@pytest.mark.parametrize(
    ("backend", "examples"),
    [
        ("sqlite", 30),
        pytest.param("sqlite", 150, marks=pytest.mark.slow),
        pytest.param("postgresql", 100, marks=pytest.mark.slow),
        pytest.param("mysql", 100, marks=pytest.mark.slow),
    ],
)
def test_a_column_answers_what_the_model_answers(
    make_app: MakeApp, examples: int, resolution: timedelta
) -> None:
    app = make_app()
    add_users(app, 5)
    tracker = tracker_of(app)

    def new_tracker(clock: FakeClock) -> DatabaseTracker:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(update(User).values(last_seen=None))
        return DatabaseTracker(
            db.metadata.tables[User.__tablename__],
            writing=tracker._writing,
            reading=tracker._reading,
            window=WINDOW,
            resolution=resolution,
            clock=clock,
        )

    expected = Expected(keep=None, holds_the_newest_time=False, resolution=resolution)
    compare_with_the_model(new_tracker, expected, examples)
