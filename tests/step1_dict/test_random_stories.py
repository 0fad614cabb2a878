"""The dict against the model of all trackers."""

from __future__ import annotations

import pytest

from step1_dict.tracker import DictTracker
from tests.contracts.random_stories import KEEP, WINDOW, Expected, compare_with_the_model


@pytest.mark.parametrize("examples", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_dict_answers_what_the_model_answers(examples: int) -> None:
    expected = Expected(keep=KEEP, holds_the_newest_time=True)
    compare_with_the_model(lambda clock: DictTracker(WINDOW, KEEP, clock), expected, examples)
