"""What every tracker promises, whatever else it can do."""

from __future__ import annotations

from common.presence import OnlineTracker
from tests.contracts.tracker.clock_set_back import NeverBackwards
from tests.contracts.tracker.counting import Counting
from tests.contracts.tracker.last_seen import LastSeen
from tests.contracts.tracker.listing import Listing
from tests.contracts.tracker.threads import Threads
from tests.contracts.tracker.windows import Windows


class TrackerContract(Counting, Windows, Listing, LastSeen, NeverBackwards, Threads):
    """A step's test class inherits this, and what its tracker promises beyond; it overrides make_tracker."""

    def test_what_differs_between_the_steps_is_declared(self, tracker: OnlineTracker) -> None:
        for declared in (tracker.survives_restart, tracker.shared_between_processes, tracker.any_window):
            assert isinstance(declared, bool)
        assert all(issubclass(outage, Exception) for outage in tracker.outages)
