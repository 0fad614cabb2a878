"""The page of step 2 in a real browser."""

from __future__ import annotations

import pytest

from tests.contracts.page import PageContract

pytestmark = pytest.mark.slow


class TestPageOfStep2(PageContract):
    """With python step2_database/app.py."""

    step = "step2_database"
    answers_any_window = True
