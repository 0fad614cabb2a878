"""What the page of every step does in a real browser. A step's test class inherits this, and names it.

What is the same script for all steps does is in tests/demo/test_page_in_browser.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest

from tests.helpers.browser import Watched, chromium
from tests.helpers.started_steps import Client, Copy

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

SECONDS = 3  # the window of these servers
OpenPage = Callable[..., Watched]


class PageFixtures:
    """Lends the page of a step that is running, in a browser."""

    step: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def browser(cls) -> Iterator[Browser]:
        with chromium() as browser:
            yield browser

    @pytest.fixture(scope="class")
    @classmethod
    def copy(cls, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Copy:
        return Copy(cls.step, tmp_path_factory.mktemp(cls.step))

    @pytest.fixture(scope="class")
    @classmethod
    def demo(cls, copy: Copy) -> Iterator[Client]:
        windows = {"FLASK_ONLINE_MINUTES": str(SECONDS / 60), "FLASK_ONLINE_KEEP_MINUTES": "5"}
        with copy.demo(settings=windows) as client:
            yield client

    @pytest.fixture
    def open_page(self, browser: Browser, demo: Client) -> Iterator[OpenPage]:
        with ExitStack() as stack:

            def open_page(language: str = "en", **options: Any) -> Watched:
                context = browser.new_context(
                    locale=language, viewport={"width": 1000, "height": 900}, **options
                )
                stack.callback(context.close)
                context.set_default_timeout(10_000)
                watched = Watched(context.new_page())
                watched.page.clock.install()
                watched.page.clock.resume()
                watched.page.goto(demo.url)
                return watched

            yield open_page


class PageContract(PageFixtures):
    """GET /, as a reader sees it."""

    answers_any_window: ClassVar[bool] = False
    survives_restart: ClassVar[bool] = False
    shared_between_processes: ClassVar[bool] = False

    def mark_of(self, user_id: int, seen: datetime) -> str:
        """Return how the step writes down that the user was seen then."""
        raise NotImplementedError

    def test_two_sign_in_and_are_seen_and_leave_when_the_window_has_passed_unless_a_heartbeat_is_sent(
        self, open_page: OpenPage, demo: Client
    ) -> None:
        tab = open_page()
        see(tab.page, "0")
        for number, name in enumerate(("alice", "bob"), 1):
            tab.page.click(f"[data-name={name}]")
            see(tab.page, str(number))
        assert tab.page.locator("#people li .left:visible").count() == 0
        assert "/api/me" not in tab.paths
        heartbeat = tab.page.locator("#people li >> nth=0 >> [type=checkbox]")
        heartbeat.check()
        see(tab.page, "1")  # asking for the count has marked nobody: bob has left
        tab.page.locator("#people li >> nth=1 >> .left").wait_for()
        assert not tab.page.locator("#people li >> nth=0 >> .left").is_visible()
        heartbeat.uncheck()
        see(tab.page, "0")
        tab.page.locator("#people li .left:visible").nth(1).wait_for()
        assert tab.page.title() == f"0 · {self.step}"
        assert tab.page.locator("#line").get_attribute("d")
        assert (tab.errors, tab.hosts) == ([], {urlsplit(demo.url).netloc})
        assert tab.with_credentials == {"/api/tokens", "/api/me"}  # not the count

    def test_a_window_that_the_step_cannot_answer_is_disabled_and_says_why(self, open_page: OpenPage) -> None:
        tab = open_page()
        three_days = tab.page.get_by_label("3 days")
        assert three_days.is_enabled() == self.answers_any_window
        why = tab.page.locator("label", has=three_days).inner_text()
        assert ("longer than this step remembers" in why) != self.answers_any_window
        if self.answers_any_window:
            with tab.page.expect_request("**/page/online?minutes=4320"):
                three_days.check()

    def test_after_a_restart_the_lanes_agree_with_the_number_and_say_why(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        copy = Copy(self.step, tmp_path)
        script = str(copy.folder / self.step / "app.py")
        with copy.serve(script, "--port", "0") as client:
            page = browser.new_page()
            page.clock.install()
            page.clock.resume()
            page.goto(client.url)
            for number, name in enumerate(("alice", "bob"), 1):
                page.click(f"[data-name={name}]")
                see(page, str(number))
            assert not page.locator("#restarted").is_visible()
        page.locator("#count[data-state=app]").wait_for()
        for name in ("alice", "bob"):
            state(page, name, "unknown").wait_for()
        with copy.serve(script, "--port", client.url.rpartition(":")[2]):
            see(page, "2" if self.survives_restart else "0")
            for name in ("alice", "bob"):
                state(page, name, "online" if self.survives_restart else "restart").wait_for()
                lost = lane(page, name).locator(".dot.lost").count()
                assert lost == (0 if self.survives_restart else 1)
            told = page.locator("#restarted").inner_text()
            assert re.match(r"The app was restarted at \d+:\d\d:\d\d [AP]M\n", told)
            assert ("forgets nobody in a restart" in told) == self.survives_restart
            assert ("everyone is forgotten" in told) != self.survives_restart
            lane(page, "bob").locator("[data-path='/api/me']").click()
            state(page, "bob", "online").wait_for()
            see(page, "2" if self.survives_restart else "1")
        page.close()

    def test_the_mark_is_shown_as_the_step_writes_it_when_it_is_written(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=bob]")
        mark = lane(tab.page, "bob").locator(".mark")
        mark.wait_for()
        first = mark.inner_text()
        lane(tab.page, "bob").locator("[data-path='/api/me']").click()
        shown = tab.page.locator("#exchange", has_text='"last_seen"')
        shown.wait_for()
        found = re.search(r'"last_seen": "(\S+)"', shown.inner_text())
        assert found
        expected = self.mark_of(2, datetime.fromisoformat(found[1]))
        lane(tab.page, "bob").locator(".mark", has_text=expected).wait_for()
        assert mark.inner_text() == expected != first

    def test_the_way_on_is_shown(self, open_page: OpenPage, demo: Client) -> None:
        tab = open_page()
        advice = "Try this: sign in as alice and bob, choose 3 seconds, and wait."  # the window of this demo
        assert tab.page.locator("#try").inner_text() == advice
        links = tab.page.locator("nav a:visible")
        addresses = [link.get_attribute("href") for link in links.all()]
        ports = {"step1_dict": 5001, "step2_database": 5002, "step3_redis": 5003}
        others = [port for step, port in ports.items() if step != self.step]
        assert addresses == ["page/lesson/en", *(f"http://127.0.0.1:{port}/" for port in (*others, 5010))]
        port = int(demo.url.rpartition(":")[2]) + 10
        assert tab.page.get_by_text(f"{self.step}/app.py --port {port}").is_visible()
        tab.page.get_by_text("What to expect").click()
        same = tab.page.get_by_text("Both pages show the same number")
        apart = tab.page.get_by_text("Each page shows its own users only")
        assert [same.is_visible(), apart.is_visible()] == [
            self.shared_between_processes,
            not self.shared_between_processes,
        ]

    @pytest.mark.parametrize("language", ["en", "zh-CN"])
    def test_keyboard_and_screen_reader_find_all_of_it_on_narrow_and_on_wide_screens(
        self, open_page: OpenPage, language: str
    ) -> None:
        tab = open_page(language, reduced_motion="reduce")
        for name in ("alice", "bob"):
            tab.page.click(f"[data-name={name}]")
            lane(tab.page, name).and_(tab.page.locator(".is-in")).wait_for()
        lane(tab.page, "alice").locator("[data-path='/api/online/users']").click()
        tab.page.get_by_text('"users"').wait_for()
        sign_in(tab.page, "alice", "wrong")
        tab.page.locator("#trouble[data-why=Basic]").wait_for()
        assert tab.violations() == []
        for width in (360, 600, 760, 1000, 1600):
            tab.page.set_viewport_size({"width": width, "height": 800})
            assert tab.page.evaluate("document.documentElement.scrollWidth") == width
            acts = lane(tab.page, "alice").locator(".act").all()
            boxes = [box for each in acts if (box := each.bounding_box())]
            middles = [round(box["y"] + box["height"] / 2) for box in boxes]
            assert len(middles) == 4
            # in one line, but on a phone
            assert max(middles) - min(middles) <= 2 or width == 360, (width, middles)
        tab.page.set_viewport_size({"width": 360, "height": 800})
        assert tab.violations() == []


def see(page: Page, number: str) -> None:
    """Wait until the page shows that many users as known."""
    shown = page.locator("#count[data-state=known] #number", has_text=re.compile(f"^{number}$"))
    shown.wait_for()


def lane(page: Page, name: str) -> Locator:
    """Return a user's lane."""
    return page.locator(f"#people [data-user='{name}']")


def state(page: Page, name: str, which: str) -> Locator:
    """Return the words that stand in a user's lane while it is in that state."""
    return page.locator(f"#people [data-user='{name}'][data-state={which}] .state.{which}")


def microseconds(seen: datetime) -> int:
    """Return the microseconds since 1970."""
    return (seen - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form, and wait for what the app answers."""
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    with page.expect_response("**/api/tokens"):
        page.click("#sign-in button")
