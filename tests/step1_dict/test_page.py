"""The page of step 1 in a real browser, and the front pages' pictures of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contracts.page import PageContract, see
from tests.helpers.browser import Watched, chromium
from tests.helpers.started_steps import ROOT, Copy

pytestmark = pytest.mark.slow
PICTURES = {"en": "page.png", "zh-CN": "page.zh.png"}


class TestPageOfStep1(PageContract):
    """With python step1_dict/app.py."""

    step = "step1_dict"


@pytest.mark.parametrize("language", PICTURES)
def test_the_picture_in_the_front_page_can_be_taken(language: str, tmp_path: Path) -> None:
    folder = ROOT / "docs" if os.environ.get("PICTURES") == "1" else tmp_path
    with chromium() as browser, Copy("step1_dict", tmp_path / "copy").demo() as client:
        tab = Watched(browser.new_page(locale=language, viewport={"width": 1000, "height": 560}))
        tab.page.clock.install()
        tab.page.goto(client.url)
        for number, (name, seconds) in enumerate({"alice": 90, "bob": 60, "carol": 40}.items(), 1):
            tab.page.click(f"[data-name={name}]")
            see(tab.page, str(number))
            for _ in range(0, seconds, 2):
                with tab.page.expect_response("**/api/online?*"):
                    tab.page.clock.run_for(2000)
        see(tab.page, "3")
        tab.page.click("#people li >> nth=1 >> [data-path='/api/me']")
        tab.page.get_by_text('"bob"').wait_for()
        tab.page.screenshot(path=folder / PICTURES[language])
    shown = (ROOT / "docs" / PICTURES[language]).read_bytes()
    taken = (folder / PICTURES[language]).read_bytes()
    assert shown[16:24] == taken[16:24]  # a PNG's width and height
