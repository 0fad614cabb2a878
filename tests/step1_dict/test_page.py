"""The page of step 1 in a real browser, and the front pages' pictures of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.page import PageContract, see
from tests.helpers.page_picture import LANGUAGES, let_pass, page_to_picture, take_picture
from tests.helpers.started_steps import Copy

pytestmark = pytest.mark.slow


class TestPageOfStep1(PageContract):
    """With python step1_dict/app.py."""

    step = "step1_dict"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_of_three_users_can_be_taken(language: str, tmp_path: Path) -> None:
    with (
        Copy("step1_dict", tmp_path / "copy").demo() as client,
        page_to_picture(client.url, language, height=560) as page,
    ):
        for number, (name, seconds) in enumerate({"alice": 90, "bob": 60, "carol": 40}.items(), 1):
            page.click(f"[data-name={name}]")
            see(page, str(number))
            let_pass(page, seconds)
        see(page, "3")
        page.click("#people li >> nth=1 >> [data-path='/api/me']")
        page.get_by_text('"bob"').wait_for()
        take_picture(page, "page", language, tmp_path)
