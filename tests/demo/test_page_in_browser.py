"""The page's script in a real browser. It is the same for all steps: what a step adds, its own tests hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.page import SECONDS, OpenPage, PageFixtures, lane, see, sign_in, state
from tests.helpers.started_steps import Client, Copy

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

pytestmark = pytest.mark.slow

ASKED = "**/page/online?*"
LIKE_HTML = "<img src=x onerror=alert(1)>小明"
ITS_PASSWORD = "芝麻开门"


class TestPage(PageFixtures):
    """GET /, as a reader sees it."""

    step = "step1_dict"

    def test_who_asks_who_is_online_is_told_of_the_window_chosen_and_of_nobody_who_has_left(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        see(tab.page, "1")
        state(tab.page, "alice", "left").wait_for()
        tab.page.click("[data-name=bob]")
        for label, asked in ((f"{SECONDS} seconds", "0.05"), ("1 minute", "1")):
            tab.page.get_by_label(label).check()
            with tab.page.expect_request("**/api/online/users?*"):
                lane(tab.page, "bob").locator("[data-path='/api/online/users']").click()
            shown = tab.page.locator("#exchange")
            shown.get_by_text(f"?minutes={asked} HTTP/1.1").wait_for()
            text = shown.inner_text()
            assert text.startswith(f"GET /api/online/users?minutes={asked} HTTP/1.1\nAuthorization: Bearer ")
            assert "200 OK" in text and '"bob"' in text
            assert ('"alice"' in text) == (label == "1 minute")

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
        self, open_page: OpenPage, demo: Client
    ) -> None:
        tab = open_page()
        tab.page.get_by_label("5 minutes").check()
        before = demo.call("GET", "/page/online?minutes=5").json["now"]
        tab.page.click("[data-name=alice]")
        # an earlier test may have marked her
        while (tab.page.evaluate("people.get('alice').stamp") or 0) < before:
            tab.page.wait_for_timeout(10)  # milliseconds; the test's own limit ends it
        tab.page.clock.run_for(90_000)
        state(tab.page, "alice", "online").wait_for()
        shown = re.search(r"seen (\d+) seconds ago", lane(tab.page, "alice").inner_text())
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
        held = hold(tab.page, ASKED)
        tab.page.evaluate(hide.format("false"))
        with tab.page.expect_request(ASKED):
            tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert tab.page.get_by_text("asking …").is_visible()
        assert tab.page.locator("#number").inner_text() == "?"  # what was known is old by now
        waiting(tab.page, held, 0).fulfill(json=answer(7))
        see(tab.page, "7")
        drawn = tab.page.locator("#line").get_attribute("d")
        assert drawn and re.fullmatch(r"M[^M]+M[^M]+ 6\.0H[^M]+", drawn)  # with a gap for the time unseen

    def test_the_number_is_unknown_while_the_app_does_not_answer(self, open_page: OpenPage) -> None:
        tab = open_page()
        see(tab.page, "0")
        held = hold(tab.page, ASKED)
        failed: list[Request] = []
        tab.page.on("requestfailed", lambda request: failed.append(request))  # noqa: PLW0108  # no built-in
        tab.page.clock.run_for(60_000)
        assert len(held) <= 1 + len(failed)  # nobody asks again before the answer is there, or given up
        tab.page.locator("#count").get_by_text("the app does not answer").wait_for()
        assert tab.page.locator("#number").inner_text() == "?"
        assert tab.page.title() == f"? · {self.step}"
        since = tab.page.locator("#since").inner_text()
        assert ":" in since
        tab.page.route(ASKED, lambda route: route.abort())
        tab.page.clock.run_for(10_000)
        with tab.page.expect_event("requestfailed"):
            tab.page.evaluate("askAnew()")  # as another window does
        tab.page.locator("#count").get_by_text("the app does not answer").wait_for()
        assert tab.page.locator("#since").inner_text() == since
        tab.page.unroute(ASKED)
        see(tab.page, "0")
        app, store = map(
            tab.page.locator("#count").get_by_text, ("the app does not answer", "presence store")
        )
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
                route.fulfill(json=answer(7))

        tab.page.route(ASKED, answer_the_second)
        tab.page.evaluate("() => { window.first = poll(); poll(); }")  # as two clicks do
        see(tab.page, "7")
        waiting(tab.page, held, 0).fulfill(json=answer(5))
        tab.page.evaluate("first")  # is a promise, and ends when the page has looked at the answer
        see(tab.page, "7")

    def test_someone_whose_mark_the_store_did_not_take_is_not_shown_as_seen(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        see(tab.page, "0")
        tab.page.click("[data-name=alice]")
        state(tab.page, "alice", "online").wait_for()
        state(tab.page, "alice", "left").wait_for()
        dots = lane(tab.page, "alice").locator(".dot")
        before = dots.count()
        tab.page.route("**/api/me", lambda route: route.fulfill(json={"last_seen": None}))
        with tab.page.expect_response(ASKED):
            lane(tab.page, "alice").locator("[data-path='/api/me']").click()
        tab.page.get_by_text('"last_seen": null').wait_for()
        tab.page.clock.run_for(4000)
        state(tab.page, "alice", "left").wait_for()
        assert dots.count() == before
        tab.page.unroute("**/api/me")
        lane(tab.page, "alice").locator("[data-path='/api/me']").click()
        state(tab.page, "alice", "online").wait_for()
        assert dots.count() == before + 1

    def test_the_line_has_a_gap_where_the_number_was_unknown(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.locator("#line[d^=M]").wait_for(state="attached")
        tab.page.route(ASKED, lambda route: route.abort())
        tab.page.locator("#count[data-state=app]").wait_for()
        tab.page.unroute(ASKED)
        see(tab.page, "0")
        drawn = tab.page.locator("#line").get_attribute("d")
        assert drawn and drawn.count("M") == 2

    def test_of_more_than_can_be_kept_the_oldest_goes_and_the_newest_is_drawn(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        tab.page.route(ASKED, lambda route: route.fulfill(json=answer(7)))
        see(tab.page, "7")
        tab.page.evaluate(
            """() => {
                const [alice, began] = [people.get("alice"), now() - 2 * MOST_KEPT];
                samples = [];
                for (let n = 0; n < MOST_KEPT; n += 1) {
                    samples.push({ at: began + 2 * n, minutes: minutes(), count: 0 });
                }
                for (let n = 0; n <= MOST_KEPT; n += 1) {
                    addDot(Object.assign(alice, { stamp: n }), `mark ${n}`);
                }
                return poll();
            }"""
        )
        assert tab.page.evaluate("[samples.length, samples.at(-1).count]") == [2000, 7]
        line = tab.page.locator("#line").get_attribute("d")
        assert line and re.search(r"V6\.0H[\d.]+$", line)  # as high as it gets, up to now
        stamps = tab.page.evaluate("people.get('alice').dots.map(({ stamp }) => stamp)")
        assert stamps == list(range(1, 2001))
        assert lane(tab.page, "alice").locator(".dot").count() == 2000
        assert lane(tab.page, "alice").locator(".mark").inner_text() == "mark 2000"

    def test_someone_whose_token_is_refused_is_signed_out_and_told_so(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.locator(".is-in").wait_for()
        tab.page.route("**/api/me", lambda route: route.fulfill(status=401, json={"error": "expired"}))
        tab.page.click("[data-path='/api/me']")
        tab.page.locator(".is-in").wait_for(state="detached")
        assert "401" in tab.page.locator("#exchange").inner_text()
        assert tab.page.locator("#trouble").inner_text() == (
            "The app no longer accepts this token. Please sign in again."
        )
        tab.page.click("[data-name=alice]")
        tab.page.locator(".is-in").wait_for()
        assert tab.page.locator("#trouble").inner_text() == ""

    def test_a_late_refusal_leaves_whoever_has_signed_in_again(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("[data-name=alice]")
        tab.page.locator(".is-in").wait_for()
        held = hold(tab.page, "**/api/me")
        for _ in range(2):
            with tab.page.expect_request("**/api/me"):
                tab.page.click("[data-path='/api/me']")
        tab.page.route("**/api/tokens", lambda route: route.fulfill(json={"token": "another"}))
        waiting(tab.page, held, 0).fulfill(status=401, json={"error": "expired"})
        tab.page.locator(".is-in").wait_for(state="detached")
        tab.page.click("[data-name=alice]")
        tab.page.get_by_text('"another').wait_for()
        waiting(tab.page, held, 1).fulfill(status=401, json={"error": "late"})
        tab.page.get_by_text('"late"').wait_for()
        assert tab.page.evaluate("people.get('alice').token") == "another"

    @pytest.mark.parametrize(
        ("language", "wrong", "silent"),
        [
            (
                "en",
                "Wrong name or password. Nobody was signed in.",
                "The app does not answer. Does it still run in its terminal?",
            ),
            ("zh-CN", "用户名或密码不对，没有登录。", "应用没有响应。它还在终端里运行吗？"),
        ],
    )
    def test_a_wrong_password_and_an_app_that_does_not_answer_are_told_beside_the_form_in_words(
        self, open_page: OpenPage, language: str, wrong: str, silent: str
    ) -> None:
        tab = open_page(language)
        trouble = tab.page.locator("#sign-in #trouble[role=alert]")
        assert trouble.inner_text() == ""
        sign_in(tab.page, "alice", "wrong")
        trouble.get_by_text(wrong).wait_for()
        assert tab.page.locator(".is-in").count() == 0
        assert [tab.page.locator(f"[name={field}]").input_value() for field in ("name", "password")] == [
            "",
            "",
        ]
        tab.page.route("**/api/tokens", lambda route: route.abort())
        tab.page.click("[data-name=alice]")
        trouble.get_by_text(silent).wait_for()
        assert trouble.inner_text() == silent
        tab.page.unroute("**/api/tokens")
        tab.page.route("**/api/tokens", lambda route: route.fulfill(status=503, json={"error": "No users."}))
        tab.page.click("[data-name=alice]")
        trouble.get_by_text("No users.").wait_for()
        tab.page.unroute("**/api/tokens")
        tab.page.click("[data-name=alice]")
        tab.page.locator("#trouble[data-why='']").wait_for(state="attached")
        assert trouble.inner_text() == ""
        tab.page.locator("#people .is-in").wait_for()  # strict: one, and no other

    def test_the_browser_adds_no_cookie_that_another_app_of_this_machine_has_set(
        self, open_page: OpenPage, demo: Client
    ) -> None:
        tab = open_page()
        tab.page.context.add_cookies([{"name": "session", "value": "of another app", "url": demo.url}])
        with tab.page.expect_request(ASKED) as asked, tab.page.expect_request("**/api/tokens") as signed_in:
            tab.page.get_by_label("1 minute").check()
            tab.page.click("[data-name=alice]")
        sent = [each.value.all_headers() for each in (asked, signed_in)]
        assert [("cookie" in headers, "authorization" in headers) for headers in sent] == [
            (False, False),
            (False, True),
        ]

    def test_a_chinese_name_that_looks_like_html_can_sign_in_and_is_text(
        self, open_page: OpenPage, copy: Copy
    ) -> None:
        database = f"sqlite:///{self.step}-demo.sqlite"
        accounts = {"FLASK_SECRET_KEY": "any", "FLASK_SQLALCHEMY_DATABASE_URI": database}
        create_user = copy.flask("create-user", LIKE_HTML)
        created = copy.run(*create_user, stdin=f"{ITS_PASSWORD}\n", settings=accounts)
        assert created.returncode == 0, created.stderr
        tab = open_page()
        sign_in(tab.page, LIKE_HTML, ITS_PASSWORD)
        row = tab.page.locator(".is-in")
        row.wait_for()
        assert row.locator(".name").first.inner_text() == LIKE_HTML
        tab.page.locator("#names", has_text=LIKE_HTML).wait_for()
        row.locator("[data-path='/api/online/users']").click()
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

    def test_the_line_survives_a_change_of_window_and_stretches_to_it_and_its_axes_have_numbers(
        self, open_page: OpenPage
    ) -> None:
        tab = open_page()
        tab.page.route(ASKED, lambda route: route.fulfill(json=answer(1)))
        see(tab.page, "1")
        line, other = (tab.page.locator(f"#{name}") for name in ("line", "other"))
        assert other.get_attribute("d") == ""
        axis = [[f"{2 * SECONDS} seconds ago", f"{SECONDS} seconds ago", "now"]]
        axis.append(["2 minutes ago", "60 seconds ago", "now"])
        for number, label in enumerate((f"{SECONDS} seconds", "1 minute")):
            tab.page.get_by_label(label).check()
            see(tab.page, "1")
            assert tab.page.locator(".axis > span").all_inner_texts() == axis[number]
        drawn = [each.get_attribute("d") or "" for each in (line, other)]
        assert [each.count("M") for each in drawn] == [1, 1]
        # what was counted within the three seconds is dotted, and as long as it took: 1000 are two minutes
        since, until = (float(re.findall(rf"{pen}(-?[\d.]+)", drawn[1])[-1]) for pen in "MH")
        window = f"({{minutes}}) => minutes === '{SECONDS / 60}'"
        took = tab.page.evaluate(
            f"samples[samples.findLastIndex({window}) + 1].at - samples.find({window}).at"
        )
        assert until - since == pytest.approx(took * 1000 / 120, abs=0.2)
        tab.page.get_by_label(f"{SECONDS} seconds").check()
        tab.page.locator("#line[d*=M]").wait_for(state="attached")
        tab.page.locator("#other[d*=M]").wait_for(state="attached")
        assert [tab.page.locator(f".chart .{end}").inner_text() for end in ("most", "least")] == ["1", "0"]

    def test_who_signs_out_leaves_at_once_and_the_page_forgets_the_token(self, open_page: OpenPage) -> None:
        tab = open_page()
        see(tab.page, "0")
        for number, name in enumerate(("alice", "bob"), 1):
            tab.page.click(f"[data-name={name}]")
            see(tab.page, str(number))
        tab.page.clock.pause_at(tab.page.evaluate("Date.now() / 1000 + 0.1"))  # nobody leaves by waiting
        lane(tab.page, "alice").get_by_role("button", name="Sign out").click()
        tab.page.get_by_text("POST /page/sign-out HTTP/1.1").wait_for()
        state(tab.page, "alice", "signed-out").wait_for()
        assert lane(tab.page, "alice").locator(".dot.lost").count() == 1
        assert tab.page.locator("[data-name=alice]").is_visible()
        assert tab.page.evaluate("people.get('alice').token") is None
        tab.page.clock.resume()
        tab.page.click("[data-name=alice]")
        state(tab.page, "alice", "online").wait_for()

    def test_a_reload_keeps_the_language_and_the_window(self, open_page: OpenPage) -> None:
        tab = open_page()
        tab.page.click("#language")
        tab.page.get_by_label("1 分钟").check()
        with tab.page.expect_request("**/page/online?minutes=1"):
            tab.page.reload()
        assert tab.page.locator("html").get_attribute("lang") == "zh-CN"
        assert tab.page.get_by_label("1 分钟").is_checked()
        assert tab.page.get_by_text("在线人数", exact=True).is_visible()
        tab.page.click("#language")
        tab.page.reload()
        assert tab.page.locator("html").get_attribute("lang") == "en"
        assert tab.page.get_by_label("1 minute").is_checked()

    def test_one_is_singular_and_more_are_plural(self, open_page: OpenPage) -> None:
        page = open_page().page
        place = page.locator(".axis > span").first
        for age, shown in (
            (0, "0 seconds ago"),
            (1.9, "1 second ago"),
            (2, "2 seconds ago"),
            (119, "119 seconds ago"),
            (120, "2 minutes ago"),
            (7200, "2 hours ago"),
            (259_200, "3 days ago"),
        ):
            page.evaluate(f"tellAgo(document.querySelector('.axis > span'), {age})")
            assert place.inner_text() == shown
        for window in ("1 minute", "5 minutes"):
            assert page.get_by_text(window, exact=True).is_visible()

    def test_a_user_is_lit_while_the_last_dot_is_in_the_band_and_the_number_counts_the_lanes_lit(
        self, open_page: OpenPage, demo: Client
    ) -> None:
        tab = open_page()
        see(tab.page, "0")
        demo.sign_in("carol")  # elsewhere, as with curl
        state(tab.page, "carol", "online").wait_for()
        tab.page.click("[data-name=alice]")
        state(tab.page, "alice", "online").wait_for()
        lit = tab.page.locator("#people [data-state=online]")
        tab.page.locator("#names", has_text=re.compile("^alice, carol$")).wait_for()
        assert (lit.count(), tab.page.locator("#number").inner_text()) == (2, "2")
        dot = lane(tab.page, "alice").locator(".dot").last  # an earlier one may slide out of the picture
        band = lane(tab.page, "alice").locator(".track").bounding_box()
        box = dot.bounding_box()
        assert band and box
        assert band["x"] + band["width"] / 2 < box["x"] + box["width"] / 2 <= band["x"] + band["width"] + 1
        state(tab.page, "alice", "left").wait_for()
        see(tab.page, "0")
        assert lit.count() == 0
        assert tab.page.locator("#names").inner_text() == ""
        assert "unseen" in (dot.get_attribute("class") or "")

    def test_who_wants_less_motion_gets_lanes_that_do_not_slide(self, open_page: OpenPage) -> None:
        duration = "getComputedStyle(document.querySelector('.strip')).transitionDuration"
        assert open_page().page.evaluate(duration) == "0.25s"
        still = open_page(reduced_motion="reduce").page
        assert still.evaluate(duration) == "0s"
        assert still.evaluate("SLIDE_SECONDS") == 0


def answer(online: int) -> dict[str, Any]:
    """Return what the app may tell the page: a number, and nobody's name."""
    return {"online": online, "now": 1000.0, "started": 1.0, "users": []}


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


def answer_with(page: Page, status: int, json: dict[str, str]) -> None:
    """Let the app answer the next questions for the count so."""
    page.route(ASKED, lambda route: route.fulfill(status=status, json=json))
