"""The page of step 1 in a real browser, and the front pages' pictures of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.contracts.page import PageContract, microseconds, see
from tests.helpers.page_picture import LANGUAGES, let_pass, page_to_picture, take_picture
from tests.helpers.started_steps import Copy

pytestmark = pytest.mark.slow


class TestPageOfStep1(PageContract):
    """With python step1_dict/app.py."""

    step = "step1_dict"

    def mark_of(self, user_id: int, seen: datetime) -> str:
        return f"last_seen[{user_id}] = {microseconds(seen)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_of_three_users_can_be_taken(language: str, tmp_path: Path) -> None:
    with (
        Copy("step1_dict", tmp_path / "copy").demo() as client,
        page_to_picture(client.url, language, height=800) as page,
    ):
        for number, (name, seconds) in enumerate({"alice": 90, "bob": 60, "carol": 40}.items(), 1):
            page.click(f"[data-name={name}]")
            see(page, str(number))
            let_pass(page, seconds)
        see(page, "3")
        page.click("[data-user=bob] [data-path='/api/me']")
        page.get_by_text('"bob"').wait_for()
        take_picture(page, "page", language, tmp_path)
