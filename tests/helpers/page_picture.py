"""The documents' pictures of the page: taken by `make pictures`, and tried by each slow run of the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.browser import Watched, chromium
from tests.helpers.started_steps import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

LANGUAGES = {"en": ".png", "zh-CN": ".zh.png"}  # what the browser asks for -> how the picture's name ends
COLOURS = 128  # the page has few, and the file becomes half as large


@contextmanager
def page_to_picture(url: str, language: str, height: int) -> Iterator[Page]:
    """Open the page with a clock that stands still until it is moved, as large as the picture will be."""
    with chromium() as browser:
        tab = Watched(
            browser.new_page(locale=language, timezone_id="UTC", viewport={"width": 1000, "height": height})
        )
        tab.page.clock.install(time="2026-01-31T10:00:00Z")
        tab.page.goto(url)
        yield tab.page


def let_pass(page: Page, seconds: int) -> None:
    """Move the page's clock; it asks for the number every two seconds, and is answered each time."""
    for _ in range(0, seconds, 2):
        with page.expect_response("**/page/online?*"):
            page.clock.run_for(2000)


def take_picture(page: Page, name: str, language: str, folder: Path) -> None:
    """Write the picture into docs/ if PICTURES is 1, otherwise into the folder, as large as that in docs/."""
    from PIL import Image  # noqa: PLC0415  # only maintainers have it

    file = f"{name}{LANGUAGES[language]}"
    shown, taken = ROOT / "docs" / file, folder / file
    if os.environ.get("PICTURES") == "1":
        taken = shown
    page.screenshot(path=taken, animations="disabled")
    with Image.open(taken) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)  # keeps a small dot's own
        few.save(taken, optimize=True)
    with Image.open(taken) as one, Image.open(shown) as other:
        assert one.size == other.size
