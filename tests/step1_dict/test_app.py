"""The settings reach the tracker, and the window asked for reaches the count."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from step1_dict.tracker import DictTracker
from tests.helpers.clock import FakeClock
from tests.helpers.started_steps import ROOT
from tests.helpers.users import ALICE, BOB
from tests.step1_dict.conftest import MakeApp


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(ONLINE_MINUTES=2, ONLINE_KEEP_MINUTES=60)


def test_someone_is_seen_to_leave_after_six_seconds(app: Flask) -> None:
    tracker: DictTracker = app.extensions["presence"].tracker
    tracker._clock = clock = FakeClock()
    client = app.test_client()
    tracker.mark_online(ALICE)
    clock.advance(seconds=6)
    tracker.mark_online(BOB)
    assert client.get("/api/online?minutes=0.1").json == {
        "online": 1,
        "minutes": 0.1,
        "resolution_seconds": 0,
    }
    assert client.get("/api/online").json == {"online": 2, "minutes": 2, "resolution_seconds": 0}


def test_the_settings_are_the_windows_that_can_be_asked_for(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/api/online?minutes=60").status_code == 200
    assert client.get("/api/online?minutes=60.001").status_code == 400


def test_both_ways_to_run_it_find_the_same_instance_folder_and_show_the_steps_name(app: Flask) -> None:
    assert (app.name, Path(app.instance_path)) == ("step1_dict", ROOT / "instance")
