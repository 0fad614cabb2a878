"""The dict against the model of all trackers."""

from __future__ import annotations

import pytest

import step1_dict.tracker
from step1_dict.tracker import DictTracker
from tests.contracts.random_stories import KEEP, WINDOW, Expected, compare_with_the_model
from tests.helpers.clock import FakeClock

EXPECTED = Expected(keep=KEEP, holds_the_newest_time=True)


def new_tracker(clock: FakeClock) -> DictTracker:
    """Make one that has seen nobody."""
    return DictTracker(WINDOW, KEEP, clock)


@pytest.mark.parametrize("examples", [50, pytest.param(500, marks=pytest.mark.slow)])
def test_a_dict_answers_what_the_model_answers(examples: int) -> None:
    compare_with_the_model(new_tracker, EXPECTED, examples)


def test_a_dict_that_removes_one_user_a_call_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # stories have few users: so in these some who have left are often still in the dict
    monkeypatch.setattr(step1_dict.tracker, "A_FEW", 1)
    compare_with_the_model(new_tracker, EXPECTED, examples=50)
