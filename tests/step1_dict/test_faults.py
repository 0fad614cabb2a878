"""What step 1 survives; docs/what-survives.md shows it."""

from __future__ import annotations

from pathlib import Path

from common.accounts import add_account, create_tables
from step1_dict.app import create_app
from step1_dict.tracker import steady_clock
from tests.apps import QUICK_HASH
from tests.clock import FakeClock
from tests.faults import faults, observe, observe_kill, set_back
from tests.servers import Copy


def test_fault_dict_killed(tmp_path: Path) -> None:
    assert observe_kill(Copy("step1_dict", tmp_path)) == faults()["dict_killed"].observed


def test_fault_dict_clock_set_back(tmp_path: Path) -> None:
    app = create_app({
        "SECRET_KEY": "a test's own key",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users.sqlite",
        "PASSWORD_HASH_METHOD": QUICK_HASH,
    })  # fmt: skip
    with app.app_context():
        create_tables()
        for name in ("alice", "bob", "carol"):
            add_account(name, "demo")
    wall, monotonic = FakeClock(), FakeClock()
    tracker = app.extensions["presence"].tracker
    tracker._clock = steady_clock(wall, monotonic)

    assert observe(app, set_back(wall)) == faults()["dict_clock_set_back"].observed
    for clock in (wall, monotonic):
        clock.advance(minutes=5)
    assert tracker.get_online() == 0  # nobody stays for longer
