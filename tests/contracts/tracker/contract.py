"""All that a tracker promises, from the files beside this one; it is tested for what else it declares."""

from __future__ import annotations

from common.presence import OnlineTracker
from tests.contracts.tracker.any_window import AnswersAnyWindow, ForgetsAfterKeep
from tests.contracts.tracker.clock_set_back import FollowsTheClock, HoldsTheNewestTime, NeverBackwards
from tests.contracts.tracker.counting import Counting
from tests.contracts.tracker.fixtures import TrackerFixtures
from tests.contracts.tracker.last_seen import LastSeen
from tests.contracts.tracker.leaving import Leaving
from tests.contracts.tracker.listing import Listing
from tests.contracts.tracker.resolution import Resolution
from tests.contracts.tracker.shared_between_processes import OneProcessOnly, SharedBetweenProcesses
from tests.contracts.tracker.survives_restart import ForgetsAtRestart, SurvivesRestart
from tests.contracts.tracker.threads import Threads
from tests.contracts.tracker.windows import Windows

# the name by which a tracker declares it -> who promises what follows from yes, and from no
CAPABILITIES: dict[str, dict[bool, type[TrackerFixtures]]] = {
    "survives_restart": {True: SurvivesRestart, False: ForgetsAtRestart},
    "shared_between_processes": {True: SharedBetweenProcesses, False: OneProcessOnly},
    "any_window": {True: AnswersAnyWindow, False: ForgetsAfterKeep},
}


class TrackerContract(Counting, Windows, Listing, LastSeen, Leaving, Resolution, NeverBackwards, Threads):
    """A step's test class inherits this, and what its tracker promises beyond; it overrides make_tracker."""

    def test_whatever_it_declares_is_tested(self, tracker: OnlineTracker) -> None:
        public = {name: getattr(tracker, name) for name in dir(tracker) if not name.startswith("_")}
        declared = {name: value for name, value in public.items() if isinstance(value, bool)}
        tested = {
            name: answer
            for name, promises in CAPABILITIES.items()
            for answer, promised_by in promises.items()
            if isinstance(self, promised_by)
        }
        assert tested == declared

    def test_what_it_does_while_its_clock_is_back_is_tested(self) -> None:
        # a tracker declares nothing of it, since no caller has to know
        assert isinstance(self, HoldsTheNewestTime) != isinstance(self, FollowsTheClock)
