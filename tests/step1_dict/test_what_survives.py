"""What step 1 survives; docs/what-survives.md shows it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from step1_dict.tracker import steady_clock
from tests.helpers.clock import FakeClock
from tests.helpers.started_steps import Copy
from tests.helpers.what_survives import faults, observe, observe_kill, set_back


def test_fault_dict_killed(tmp_path: Path) -> None:
    assert observe_kill(Copy("step1_dict", tmp_path)) == faults()["dict_killed"].observed


def test_fault_dict_clock_set_back(app: Flask) -> None:
    wall, monotonic = FakeClock(), FakeClock()
    tracker = app.extensions["presence"].tracker
    tracker._clock = steady_clock(wall, monotonic)

    assert observe(app, set_back(wall)) == faults()["dict_clock_set_back"].observed
    for clock in (wall, monotonic):
        clock.advance(minutes=5)
    assert tracker.get_online() == 0  # nobody stays for longer
