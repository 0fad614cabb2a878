"""What the page of every step does in a real browser. A step's test class inherits this, and names it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

import pytest

from tests.helpers.browser import Watched, chromium
from tests.helpers.started_steps import Client, Copy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

SECONDS = 3  # the window of these servers
LIKE_HTML = "<img src=x onerror=alert(1)>小明"
ITS_PASSWORD = "芝麻开门"
OpenPage = Callable[..., Watched]


class PageContract:
    """GET /, as a reader sees it."""

    step: ClassVar[str]
    answers_any_window: ClassVar[bool] = False

    @pytest.fixture(scope="class")
    @classmethod
    def browser(cls) -> Iterator[Browser]:
        with chromium() as browser:
            yield browser

    @pytest.fixture(scope="class")
    @classmethod
    def demo(cls, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
        copy = Copy(cls.step, tmp_path_factory.mktemp(cls.step))
        windows = {"FLASK_ONLINE_MINUTES": str(SECONDS / 60), "FLASK_ONLINE_KEEP_MINUTES": "5"}
        with copy.demo(settings=windows) as client:
            accounts = {
                "FLASK_SECRET_KEY": "any",
                "FLASK_REDIS_URL": "redis://127.0.0.1:1/0",
                "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{cls.step}-demo.sqlite",
            }
            create_user = copy.flask("create-user", LIKE_HTML)
            created = copy.run(*create_user, stdin=f"{ITS_PASSWORD}\n", settings=accounts)
            assert created.returncode == 0, created.stderr
            yield client

    @pytest.fixture
    def open_page(self, browser: Browser, demo: Client) -> Iterator[OpenPage]:
        with ExitStack() as stack:

            def open_page(language: str = "en", width: int = 1000, scheme: str = "light") -> Watched:
                context = browser.new_context(
                    locale=language,
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
                )
                stack.callback(context.close)
                context.set_default_timeout(10_000)
                watched = Watched(context.new_page())
                watched.page.clock.install()
                watched.page.clock.resume()
                watched.page.goto(demo.url)
                return watched

            yield open_page

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
        tab.page.click("#people li >> nth=1 >> [data-path='/api/online/users']")
        see(tab.page, "1")
        shown = tab.page.locator("#exchange").inner_text()
        assert shown.startswith("GET /api/online/users HTTP/1.1\nAuthorization: Bearer ")
        assert "200 OK" in shown and '"bob"' in shown and '"alice"' not in shown
        assert (tab.errors, tab.hosts) == ([], {urlsplit(demo.url).netloc})
        assert tab.with_credentials == {"/api/tokens", "/api/me", "/api/online/users"}  # not the count

    def test_a_token_and_a_password_are_shown_and_kept_nowhere(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.get_by_text('"token"').wait_for()
        signed_in = tab.page.locator("#exchange").inner_text()
        assert re.fullmatch(
            r"POST /api/tokens HTTP/1\.1\nAuthorization: Basic …\n\n200 OK\n"
            r'\{\n  "token": ".{8}…",\n  "token_type": "Bearer",\n  "expires_in": 3600\n\}',
            signed_in,
        )
        pages = [tab.page.content()]
        with tab.page.expect_request("**/api/me") as sent:
            tab.page.click("[data-path='/api/me']")
        tab.page.get_by_text('"last_seen"').wait_for()
        pages.append(tab.page.content())
        token = sent.value.headers["authorization"].removeprefix("Bearer ")
        assert len(token) > 40
        assert [token in page for page in pages] == [False, False]
        kept = "[localStorage.length, sessionStorage.length, document.cookie]"
        assert tab.page.evaluate(kept) == [0, 0, ""]

    def test_the_age_is_in_seconds_and_a_heartbeat_comes_three_times_a_window_or_each_twenty_seconds(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        tab.page.get_by_label("5 minutes").check()
        tab.page.click("[data-name=alice]")
        tab.page.locator("#people li").wait_for()
        tab.page.clock.run_for(90_000)
        shown = re.search(r"seen (\d+) seconds ago", tab.page.locator("#people li").inner_text())
        assert shown and 85 <= int(shown[1]) < 150  # it is written once a second
        tab.page.check("#people [type=checkbox]")
        for window, least, most in (("6 seconds", 26, 31), ("5 minutes", 2, 3)):
            tab.page.get_by_label(window).check()
            tab.paths.clear()
            tab.page.clock.run_for(60_000)
            assert least <= tab.paths.count("/api/me") <= most

    def test_it_works_below_a_prefix_that_a_proxy_takes_away(self, open_page: OpenPage, demo: Client) -> None:
        page = open_page().page

        def proxy(route: Route) -> None:
            _, below, path = route.request.url.partition("/below/")
            route.continue_(url=f"{demo.url}/{path}") if below else route.abort()

        page.route("**", proxy)
        page.goto(f"{demo.url}/below/")
        see(page, "0")
        page.click("[data-name=alice]")
        see(page, "1")
        page.click("#people li [data-path='/api/online/users']")
        page.get_by_text('"alice"').wait_for()

    def test_a_hidden_tab_asks_and_marks_nothing_and_asks_at_once_when_it_is_seen_again(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.check("#people [type=checkbox]")
        see(tab.page, "1")
        hide = "Object.defineProperty(document, 'hidden', {{configurable: true, get: () => {}}})"
        tab.page.evaluate(hide.format("true"))
        tab.page.wait_for_load_state("networkidle")
        tab.paths.clear()
        tab.page.clock.run_for(400_000)
        assert tab.paths == []
        tab.page.uncheck("#people [type=checkbox]")
        held = hold(tab.page, "**/api/online?*")
        tab.page.evaluate(hide.format("false"))
        with tab.page.expect_request("**/api/online?*"):
            tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert tab.page.get_by_text("asking …").is_visible()
        assert tab.page.locator("#number").inner_text() == "?"  # what was known is old by now
        waiting(tab.page, held, 0).fulfill(json={"online": 7})
        see(tab.page, "7")
        drawn = tab.page.locator("#line").get_attribute("d")  # without what is older than five minutes
        assert drawn and re.fullmatch(r"M(299\.\d|300\.0) 3\.0", drawn)

    def test_the_number_is_unknown_while_the_app_does_not_answer(self, open_page: OpenPage) -> None:
        tab = open_page()
        see(tab.page, "0")
        held = hold(tab.page, "**/api/online?*")
        failed: list[Request] = []
        tab.page.on("requestfailed", lambda request: failed.append(request))  # noqa: PLW0108  # no built-in
        tab.page.clock.run_for(60_000)
        assert len(held) <= 1 + len(failed)  # nobody asks again before the answer is there, or given up
        tab.page.get_by_text("the app does not answer").wait_for()
        assert tab.page.locator("#number").inner_text() == "?"
        assert tab.page.title() == f"? · {self.step}"
        since = tab.page.locator("#since").inner_text()
        assert ":" in since
        tab.page.route("**/api/online?*", lambda route: route.abort())
        tab.page.clock.run_for(10_000)
        with tab.page.expect_event("requestfailed"):
            tab.page.evaluate("startAnew()")  # as another window does
        tab.page.get_by_text("the app does not answer").wait_for()
        assert tab.page.locator("#since").inner_text() == since
        tab.page.unroute("**/api/online?*")
        see(tab.page, "0")
        app, store = tab.page.get_by_text("the app does not answer"), tab.page.get_by_text("presence store")
        for status, blamed, other in ((500, app, store), (503, store, app), (404, app, store)):
            answer_with(tab.page, status, {"error": "any"})
            blamed.wait_for()
            assert not other.is_visible()
            assert tab.page.locator("#number").inner_text() == "?"
            assert tab.page.locator("#since").inner_text() not in ("", since)  # this outage is another one

    def test_an_answer_that_comes_after_a_later_one_is_out_of_date(self, open_page: OpenPage) -> None:
        tab = open_page()
        see(tab.page, "0")
        tab.page.evaluate("AbortSignal.timeout = () => new AbortController().signal")  # no call is given up
        held: list[Route] = []

        def answer_the_second(route: Route) -> None:
            held.append(route)
            if len(held) == 2:
                route.fulfill(json={"online": 7})

        tab.page.route("**/api/online?*", answer_the_second)
        tab.page.evaluate("() => { window.first = poll(); poll(); }")  # as two clicks do
        see(tab.page, "7")
        waiting(tab.page, held, 0).fulfill(json={"online": 5})
        tab.page.evaluate("first")  # is a promise, and ends when the page has looked at the answer
        see(tab.page, "7")

    def test_someone_whose_mark_the_store_did_not_take_is_not_shown_as_seen(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.locator("#people li").wait_for()
        tab.page.clock.run_for(SECONDS * 1000)
        tab.page.get_by_text("has left").wait_for()
        held = hold(tab.page, "**/api/me")
        for number, (seen, left) in enumerate(((None, True), ("2026-01-31T08:00:00+00:00", False))):
            with tab.page.expect_request("**/api/me"):
                tab.page.click("[data-path='/api/me']")
            waiting(tab.page, held, number).fulfill(json={"last_seen": seen})
            tab.page.get_by_text(f'"last_seen": {json.dumps(seen)}').wait_for()
            assert tab.page.get_by_text("has left").is_visible() == left

    def test_the_line_has_a_gap_where_the_number_was_unknown(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.locator("#line[d^=M]").wait_for(state="attached")
        tab.page.route("**/api/online?*", lambda route: route.abort())
        tab.page.locator("#count[data-state=app]").wait_for()
        tab.page.unroute("**/api/online?*")
        see(tab.page, "0")
        drawn = tab.page.locator("#line").get_attribute("d")
        assert drawn and drawn.count("M") == 2

    def test_someone_whose_token_is_refused_is_signed_out(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.locator("#people li").wait_for()
        tab.page.route("**/api/me", lambda route: route.fulfill(status=401, json={"error": "expired"}))
        tab.page.click("[data-path='/api/me']")
        tab.page.locator("#people li").wait_for(state="detached")
        assert "401" in tab.page.locator("#exchange").inner_text()

    def test_a_refusal_of_an_earlier_token_leaves_someone_signed_in(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.locator("#people li").wait_for()
        held = hold(tab.page, "**/api/me")
        with tab.page.expect_request("**/api/me"):
            tab.page.click("[data-path='/api/me']")
        tab.page.route("**/api/tokens", lambda route: route.fulfill(json={"token": "another"}))
        with tab.page.expect_response("**/api/tokens"):
            tab.page.click("[data-name=alice]")
        tab.page.get_by_text('"another').wait_for()
        waiting(tab.page, held, 0).fulfill(status=401, json={"error": "expired"})
        tab.page.get_by_text('"expired"').wait_for()
        assert tab.page.locator("#people li").count() == 1

    def test_a_late_refusal_leaves_whoever_has_signed_in_again(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.locator("#people li").wait_for()
        held = hold(tab.page, "**/api/me")
        for _ in range(2):
            with tab.page.expect_request("**/api/me"):
                tab.page.click("[data-path='/api/me']")
        tab.page.route("**/api/tokens", lambda route: route.fulfill(json={"token": "another"}))
        waiting(tab.page, held, 0).fulfill(status=401, json={"error": "expired"})
        tab.page.locator("#people li").wait_for(state="detached")
        tab.page.click("[data-name=alice]")
        tab.page.get_by_text('"another').wait_for()
        waiting(tab.page, held, 1).fulfill(status=401, json={"error": "late"})
        tab.page.get_by_text('"late"').wait_for()
        assert tab.page.evaluate("[...people.keys()]") == ["alice"]

    def test_a_wrong_password_opens_no_dialog_and_shows_the_refusal(self, open_page: OpenPage) -> None:
        tab = open_page()
        sign_in(tab.page, "alice", "wrong")
        tab.page.get_by_text("Wrong name or password").wait_for()
        assert tab.page.locator("#people li").count() == 0
        assert [tab.page.get_by_label(field).input_value() for field in ("Name", "Password")] == ["", ""]

    def test_a_chinese_name_that_looks_like_html_can_sign_in_and_is_text(self, open_page: OpenPage) -> None:
        tab = open_page()
        sign_in(tab.page, LIKE_HTML, ITS_PASSWORD)
        assert tab.page.locator("#people li .name").first.inner_text() == LIKE_HTML
        tab.page.click("[data-path='/api/online/users']")
        tab.page.get_by_text('"users"').wait_for()
        assert LIKE_HTML in tab.page.locator("#exchange").inner_text()
        assert tab.page.locator("img").count() == 0
        assert tab.errors == []

    def test_the_language_is_the_browsers_and_can_be_switched(self, open_page: OpenPage) -> None:
        english, chinese = "Users online", "在线人数"
        for language, here, there in (("en", english, chinese), ("zh-CN", chinese, english)):
            tab = open_page(language)
            for shown, hidden in ((here, there), (there, here)):
                assert tab.page.get_by_text(shown, exact=True).is_visible()
                assert not tab.page.get_by_text(hidden, exact=True).is_visible()
                tab.page.click("#language")

    def test_another_window_is_asked_for_at_once_and_its_line_begins_anew(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.locator("#line[d^=M]").wait_for(state="attached")
        held = hold(tab.page, "**/api/online?*")
        with tab.page.expect_request("**/api/online?minutes=1"):
            tab.page.get_by_label("1 minute").check()
        assert tab.page.get_by_text("asking …").is_visible()
        assert tab.page.locator("#number").inner_text() == "?"
        assert tab.page.locator("#line").get_attribute("d") == ""
        held[-1].fulfill(json={"online": 7})
        see(tab.page, "7")

    def test_a_window_that_the_step_cannot_answer_is_disabled_and_says_why(self, open_page: OpenPage) -> None:
        tab = open_page()
        three_days = tab.page.get_by_label("3 days")
        assert three_days.is_enabled() == self.answers_any_window
        why = tab.page.locator("label", has=three_days).inner_text()
        assert ("longer than this step remembers" in why) != self.answers_any_window
        if self.answers_any_window:
            with tab.page.expect_request("**/api/online?minutes=4320"):
                three_days.check()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("language", ["en", "zh-CN"])
    def test_keyboard_and_screen_reader_find_all_of_it_on_narrow_screens_too(
        self, open_page: OpenPage, language: str, scheme: str
    ) -> None:
        tab = open_page(language, scheme=scheme)
        for name in ("alice", "bob"):
            tab.page.click(f"[data-name={name}]")
        tab.page.locator("#people li").nth(1).wait_for()
        tab.page.click("#people li >> nth=0 >> [data-path='/api/online/users']")
        tab.page.get_by_text("200 OK").wait_for()
        assert tab.violations() == []
        tab.page.set_viewport_size({"width": 360, "height": 800})
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
        assert tab.violations() == []


def see(page: Page, number: str) -> None:
    """Wait until the page shows that many users as known."""
    shown = page.locator("#count[data-state=known] #number", has_text=re.compile(f"^{number}$"))
    shown.wait_for()


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form, and wait for what the app answers."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    with page.expect_response("**/api/tokens"):
        page.get_by_role("button", name="Sign in", exact=True).click()


def hold(page: Page, pattern: str) -> list[Route]:
    """Let requests wait until the test answers them; return those that do."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108  # playwright takes no built-in
    return held


def waiting(page: Page, held: list[Route], number: int) -> Route:
    """Return a request that waits, once it does: the browser tells of it a moment earlier."""
    while len(held) <= number:
        page.wait_for_timeout(10)  # milliseconds; the test's own limit ends it
    return held[number]


def answer_with(page: Page, status: int, answer: dict[str, str]) -> None:
    """Let the app answer the next questions for the count so."""
    page.route("**/api/online?*", lambda route: route.fulfill(status=status, json=answer))
