"""The pictures of the page: taken by `make screenshots`, and tried by each slow run of the tests."""

from __future__ import annotations

import os
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

import demo.page
import demo.run
from tests.helpers.browser import Watched, chromium
from tests.helpers.clock import FakeClock
from tests.helpers.started_steps import ROOT
from tests.helpers.threads import start_thread

if TYPE_CHECKING:
    from playwright.sync_api import Page

LANGUAGES = {"en": ".png", "zh-CN": ".zh.png"}  # what the browser asks for -> how the picture's name ends
PASSWORDS = dict.fromkeys(("alice", "bob", "carol"), "demo")
FILM_SIZE = (750, 555)  # pixels, of three quarters of the page's own
FILM_COLOURS = 64
FILM_AT_MOST = 300_000  # bytes: a front page must keep nobody waiting
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


@contextmanager
def demo_with_clock(app: Flask, clock: FakeClock) -> Iterator[str]:
    """Serve the app with its step's page in this process, whose clock a test moves; lend the address."""
    told: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo.run, "run_demo", lambda *_, **options: told.update(options))
        patch.setenv("FLASK_REDIS_URL", app.config.get("REDIS_URL") or "")  # step 3 tells
        runpy.run_path(str(ROOT / app.name / "app.py"), run_name="__main__")
        app.extensions["presence"].tracker._clock = clock
        patch.setattr(demo.page, "time", SimpleNamespace(time=clock))
        demo.page.init_app(app, told["remembers"], PASSWORDS, mark=told["mark"])
        server = make_server("127.0.0.1", 0, app, threaded=True)
        serving = start_thread(server.serve_forever)
        try:
            yield f"http://127.0.0.1:{server.port}/"
        finally:
            server.shutdown()
            serving.join()
            server.server_close()


def let_pass(page: Page, clock: FakeClock, seconds: int) -> None:
    """Move both clocks; the page asks for the number every two seconds, and is answered each time."""
    for _ in range(0, seconds, 2):
        with page.expect_response("**/page/online?*"):
            clock.advance(seconds=2)
            page.clock.run_for(2000)


class Film:
    """A moving picture of the page: its clock and the app's go on by half a second after each frame."""

    def __init__(self, page: Page, clock: FakeClock) -> None:
        self.page, self.clock = page, clock
        self.frames: list[bytes] = []

    def go_on(self, seconds: int) -> None:
        """Take the frames of so many seconds, an even number, in which the page asks every two."""
        for _ in range(0, seconds, 2):
            for _ in range(3):
                self._half_a_second()
            with self.page.expect_response("**/page/online?*"):
                self._half_a_second()

    def _half_a_second(self) -> None:
        self.frames.append(self.page.screenshot())
        for _ in range(10):  # in small steps, or the page would ask while the two clocks are apart
            self.clock.advance(seconds=0.05)
            self.page.clock.run_for(50)

    def write(self, name: str, language: str, folder: Path) -> None:
        """Write it as a GIF without an end, into docs/ if PICTURES is 1, otherwise into the folder."""
        from PIL import Image  # noqa: PLC0415  # only maintainers have it

        folder = ROOT / "docs" if os.environ.get("PICTURES") == "1" else folder
        taken = folder / f"{name}{LANGUAGES[language].removesuffix('.png')}.gif"
        shots = [Image.open(BytesIO(frame)).convert("RGB") for frame in self.frames]
        all_of_them = Image.new("RGB", (shots[0].width, sum(shot.height for shot in shots)))
        for number, shot in enumerate(shots):
            all_of_them.paste(shot, (0, number * shot.height))
        colours = all_of_them.quantize(FILM_COLOURS)
        first, *others = (
            shot.resize(FILM_SIZE).quantize(palette=colours, dither=Image.Dither.NONE) for shot in shots
        )
        first.save(taken, save_all=True, append_images=others, duration=500, loop=0, optimize=True)
        assert taken.stat().st_size < FILM_AT_MOST


def take_pictures(page: Page, clock: FakeClock, name: str, heights: tuple[int, int], folder: Path) -> None:
    """Take the picture in English, and in Chinese two seconds later, so high each."""
    for height, ending in zip(heights, LANGUAGES.values(), strict=True):
        page.set_viewport_size({"width": 1000, "height": height})
        _take_picture(page, f"{name}{ending}", folder)
        page.evaluate("document.querySelector('#language').click()")  # and the mouse stays where it is
        let_pass(page, clock, 2)


def _take_picture(page: Page, file: str, folder: Path) -> None:
    """Write the picture into docs/ if PICTURES is 1, otherwise into the folder, as large as that in docs/."""
    from PIL import Image  # noqa: PLC0415  # only maintainers have it

    shown, taken = ROOT / "docs" / file, folder / file
    if os.environ.get("PICTURES") == "1":
        taken = shown
    page.screenshot(path=taken, animations="disabled")
    with Image.open(taken) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)  # keeps a small dot's own
        few.save(taken, optimize=True)
    with Image.open(taken) as one, Image.open(shown) as other:
        assert one.size == other.size
