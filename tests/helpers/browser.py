"""A real browser for the tests of the page: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Lend a browser; skip where there is none, fail where REQUIRE_BROWSER=1."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    missing = "Chromium" if program is None else "Playwright"
    if program is None or not find_spec("axe_playwright_python"):
        reason = f"{missing} is not installed: install chromium, and the extra dev as make dev does"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only maintainers have it

    # as root, Chromium has no sandbox; it shows nothing here but our own page
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        browser.close()


class Watched:
    """A tab, and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.paths: list[str] = []
        self.with_credentials: set[str] = set()
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self.dismiss)
        page.on("request", self.note)

    def hear(self, message: ConsoleMessage) -> None:
        """Remember an error in the console."""
        if message.type == "error":
            self.errors.append(message.text)

    def dismiss(self, dialog: Dialog) -> None:
        """Remember a dialog: the page has none."""
        self.errors.append(dialog.message)
        dialog.dismiss()

    def note(self, request: Request) -> None:
        """Remember where a request went."""
        address = urlsplit(request.url)
        if address.scheme != "data":
            self.hosts.add(address.netloc)
            self.paths.append(address.path)
            if "authorization" in request.headers:
                self.with_credentials.add(address.path)

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong for a keyboard or a screen reader, by day and by night."""
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # as above

        found = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            found += Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['nodes']}" for each in found]
