"""What step 1 survives; docs/what-survives.md shows it."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.http import StepServer
from tests.helpers.faketime import HostClock
from tests.helpers.started_steps import Copy
from tests.helpers.what_survives import faults, observe_clocks, observe_kill


def test_fault_dict_killed(tmp_path: Path) -> None:
    assert observe_kill(Copy("step1_dict", tmp_path)) == faults()["dict_killed"].observed


def test_fault_dict_clock_set_back(tmp_path: Path) -> None:
    clock, copy = HostClock(tmp_path), Copy("step1_dict", tmp_path / "copy")
    with copy.demo(settings=clock.settings) as client:
        carols = StepServer(copy, client).token("carol")
        observed = observe_clocks(client, client, carols, lambda: clock.set("-3600s"))
        assert observed == faults()["dict_clock_set_back"].observed
        clock.set("+310s")
        assert client.online() == 3  # setting it moves nobody, in either direction
