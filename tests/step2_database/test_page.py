"""The page of step 2 in a real browser, and lesson 2's picture of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.contracts.page import PageContract, see
from tests.helpers.clock import FakeClock
from tests.helpers.page_picture import demo_with_clock, let_pass, page_to_picture, take_pictures
from tests.step2_database.conftest import apps_on

pytestmark = pytest.mark.slow


class TestPageOfStep2(PageContract):
    """With python step2_database/app.py."""

    step = "step2_database"
    answers_any_window = True
    survives_restart = True
    shared_between_processes = True

    def mark_of(self, user_id: int, seen: datetime) -> str:
        return f"UPDATE users SET last_seen = '{seen:%Y-%m-%d %H:%M:%S.%f}' WHERE id = {user_id}"


def test_the_pictures_of_what_a_column_can_and_cannot_answer_can_be_taken(tmp_path: Path) -> None:
    """Three days can be chosen; six seconds are within the resolution, and cannot."""
    clock = FakeClock()
    with (
        apps_on(make_url(f"sqlite:///{tmp_path}/users.sqlite")) as make_app,
        demo_with_clock(make_app(ONLINE_RESOLUTION_SECONDS=30), clock) as address,
        page_to_picture(address, "en", height=1072) as page,
    ):
        for number, (name, seconds) in enumerate({"alice": 90, "bob": 40}.items(), 1):
            page.click(f"[data-name={name}]")
            see(page, str(number))
            let_pass(page, clock, seconds)
        choices = page.locator("#windows input")
        assert [each.is_disabled() for each in choices.all()] == [True, False, False, False]
        with page.expect_response("**/page/online?minutes=4320"):
            choices.last.check()
        let_pass(page, clock, 60)
        see(page, "2")
        take_pictures(page, clock, "page-step2", (1072, 1028), tmp_path)
