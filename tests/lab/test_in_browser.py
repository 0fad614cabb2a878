"""The lab in a real browser: what its reader does, and what is then shown."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from lab.app import words
from lab.replay import replay, value
from tests.helpers.browser import Watched, chromium
from tests.helpers.started_steps import ROOT, START_SECONDS, address_in
from tests.lab.stories import story_at

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page, Route

pytestmark = pytest.mark.slow
OpenLab = Callable[..., Watched]
SCENARIOS = words()["scenarios"]
SECOND_59 = "alice=59&until=600&at=330"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log: Path = tmp_path_factory.mktemp("lab") / "log"
    with log.open("w", encoding="utf-8") as output:
        command = [sys.executable, "-W", "error", str(ROOT / "lab/app.py"), "--port", "0"]
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
    try:
        yield address_in(log, process)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


@pytest.fixture
def open_lab(browser: Browser, url: str) -> Iterator[OpenLab]:
    with ExitStack() as stack:

        def open_lab(story: str, language: str = "en", width: int = 1280, **options: Any) -> Watched:
            context = browser.new_context(
                locale=language, viewport={"width": width, "height": 900}, **options
            )
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            watched = Watched(context.new_page())
            with watched.page.expect_response("**/api/replay"):
                watched.page.goto(f"{url}/#{story}")
            return watched

        yield open_lab


def see(page: Page, form: str, number: str, verdict: str) -> None:
    """Wait until a form shows that number, and how it is judged."""
    shown = page.locator(f".form[data-form={form}][data-verdict={verdict}] .number")
    shown.filter(has_text=re.compile(f"^{re.escape(number)}$")).wait_for()


def dot(page: Page, user: str = "alice") -> Locator:
    """Return a user's only request."""
    return page.locator(f".lane[data-user={user}] .dot")


@pytest.mark.parametrize(
    ("scenario", "language"),
    [*((scenario, "en") for scenario in SCENARIOS), (SCENARIOS[0], "zh-CN")],
    ids=lambda value: value if isinstance(value, str) else value["id"],
)
def test_a_scenario_asks_first_and_then_shows_its_wrong_and_its_right_numbers(
    open_lab: OpenLab, scenario: dict[str, Any], language: str
) -> None:
    tab = open_lab("until=600", language)
    name = scenario["en" if language == "en" else "zh"]
    tab.page.get_by_role("link", name=name, exact=True).click()
    question = tab.page.locator(f".question[data-ask={scenario['id']}]")
    question.wait_for()
    assert not tab.page.locator("#forms").is_visible()
    assert not tab.page.locator("#true").is_visible()
    choices = question.locator(".choices button")
    wrong = (scenario["right"] + 1) % len(scenario["choices"])
    for number, mark in ((wrong, "✗"), (scenario["right"], "✓")):
        choices.nth(number).click()
        assert question.locator(".answer").inner_text().startswith(mark)

    answer = replay(story_at(scenario["story"]))
    at = scenario["show"]
    for form, told in answer["forms"].items():
        counts = [value(curve, at) for curve in told["curves"]]
        verdicts = [verdict for since, until, verdict, _ in told["wrong"] if since <= at < until]
        number = " / ".join("?" if count is None else str(count) for count in counts)
        see(tab.page, form, number, verdicts[0] if verdicts else "right")
    shown = tab.page.locator("#true").inner_text().split()[0]
    assert shown == str(value(answer["truth"], at))
    assert (tab.errors, tab.hosts) == ([], {urlsplit(tab.page.url).netloc})


def test_a_request_that_is_dragged_changes_the_curves_and_the_address(open_lab: OpenLab) -> None:
    tab = open_lab(SECOND_59)
    see(tab.page, "article-redis", "0", "defect")
    before = tab.page.locator("[data-form=sorted-set] path.first").get_attribute("d")
    assert before
    track = tab.page.locator(".lane[data-user=alice] .track").bounding_box()
    assert track
    y = track["y"] + track["height"] / 2
    tab.page.mouse.move(track["x"] + track["width"] * 59 / 600, y)
    tab.page.mouse.down()
    tab.page.mouse.move(track["x"] + track["width"] * 200 / 600, y, steps=4)
    tab.page.mouse.up()
    see(tab.page, "article-redis", "1", "right")
    tab.page.wait_for_url(re.compile("#alice=200&"))
    assert tab.page.locator("[data-form=sorted-set] path.first").get_attribute("d") != before
    with tab.page.expect_response("**/api/replay"):
        tab.page.reload()
    see(tab.page, "sorted-set", "1", "right")
    assert dot(tab.page).input_value() == "200"


def test_a_story_that_changes_while_its_answer_is_awaited_is_asked_for_anew_and_shown(
    open_lab: OpenLab,
) -> None:
    tab = open_lab("until=600&at=330")
    see(tab.page, "dict", "0", "right")
    asked: list[Any] = []
    tab.page.on("request", lambda request: asked.append(request.post_data_json))
    held: list[Route] = []
    tab.page.route("**/api/replay", lambda route: held.append(route), times=1)  # noqa: PLW0108  # no built-in
    for user in ("alice", "bob", "carol"):
        tab.page.locator(f"[data-user={user}] .user").click()
    while not held:
        tab.page.wait_for_timeout(10)  # milliseconds; the test's own limit ends it
    held[0].continue_()
    see(tab.page, "dict", "3", "right")
    assert [[mark["user"] for mark in story["marks"]] for story in asked] == [
        ["alice"],  # the others came while this one was awaited
        ["alice", "bob", "carol"],
    ]


def test_a_click_on_a_lane_sends_a_request_and_a_click_on_that_removes_it(open_lab: OpenLab) -> None:
    tab = open_lab("until=600&at=330")
    see(tab.page, "dict", "0", "right")
    track = tab.page.locator(".lane[data-user=bob] .track")
    box = track.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.page.mouse.click(*middle)
    see(tab.page, "dict", "1", "right")
    assert dot(tab.page, "bob").input_value() == "300"
    tab.page.mouse.click(*middle)
    see(tab.page, "dict", "0", "right")
    assert dot(tab.page, "bob").count() == 0


def test_a_finger_does_what_a_mouse_does(open_lab: OpenLab) -> None:
    tab = open_lab("until=600&at=330", width=390, has_touch=True, is_mobile=True)
    see(tab.page, "dict", "0", "right")
    box = tab.page.locator(".lane[data-user=carol] .track").bounding_box()
    assert box
    for number in ("1", "0"):
        tab.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        see(tab.page, "dict", number, "right")


def test_the_keyboard_alone_is_enough(open_lab: OpenLab) -> None:
    tab = open_lab("until=600&at=330")
    see(tab.page, "sorted-set", "0", "right")
    press = tab.page.keyboard.press

    def go_to(selector: str) -> None:
        for _ in range(80):
            if tab.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            press("Tab")
        raise AssertionError(selector)

    go_to("[data-user=alice] .user")
    press("Enter")
    see(tab.page, "sorted-set", "1", "right")
    press("Tab")  # to the request, which is at the clock's time
    assert tab.page.evaluate("document.activeElement.value") == "330"
    press("ArrowRight")
    see(tab.page, "sorted-set", "0", "right")
    press("ArrowLeft")
    press("ArrowLeft")
    see(tab.page, "sorted-set", "1", "right")
    assert dot(tab.page).get_attribute("aria-valuetext") == "10:05:29"
    go_to("#clock")
    press("End")
    assert tab.page.locator("#time").inner_text() == "10:10:00"
    press("Home")
    see(tab.page, "sorted-set", "0", "right")
    tab.page.locator("[data-user=alice] .user").focus()
    press("Tab")
    press("Delete")
    assert dot(tab.page).count() == 0
    assert tab.page.evaluate("document.activeElement.matches('[data-user=alice] .user')")
    assert tab.errors == []


def test_moving_the_clock_asks_nobody(open_lab: OpenLab) -> None:
    tab = open_lab(SECOND_59)
    see(tab.page, "article-redis", "0", "defect")
    tab.paths.clear()
    tab.page.locator("#clock").fill("10")
    see(tab.page, "article-redis", "0", "right")
    assert tab.page.locator(".lane.is-online").count() == 0
    tab.page.locator("[data-form=article-redis] .stretches button").click()
    assert tab.page.locator("#time").inner_text() == "10:05:00"
    see(tab.page, "article-redis", "0", "defect")
    why = tab.page.locator("[data-form=article-redis] .why")
    sentence = "redis-3 five sets of a minute each: someone seen at second 59 is gone after 4:01."
    assert why.inner_text() == f"{sentence} see the code"
    assert tab.paths == []
    why.get_by_role("link").click()
    tab.page.locator("#redis-3").wait_for()
    assert urlsplit(tab.page.url).path == "/source/redis"


@pytest.mark.parametrize(("motion", "steps"), [("no-preference", 400), ("reduce", 20)])
def test_play_moves_the_clock_to_the_end_and_by_large_steps_for_who_wants_no_motion(
    open_lab: OpenLab, motion: str, steps: int
) -> None:
    tab = open_lab("alice=0&until=600", reduced_motion=motion)
    tab.page.clock.install(time=0)
    tab.page.clock.pause_at(1)  # from here on, only the test lets time pass
    tab.page.click("#play")
    tab.page.clock.run_for(20_000 // steps)
    assert tab.page.locator("#clock").input_value() == str(round(600 / steps))
    tab.page.clock.run_for(20_000)
    assert tab.page.locator("#clock").input_value() == "600"
    assert tab.page.locator("#play").get_attribute("aria-pressed") == "false"


def test_what_goes_wrong_meanwhile_is_at_hand(open_lab: OpenLab) -> None:
    tab = open_lab("alice=60&bob=120&until=600&at=150")
    tab.page.locator("details", has=tab.page.locator("#circumstances")).locator("summary").click()
    see(tab.page, "dict", "2", "right")
    tab.page.get_by_label("two processes take turns").check()
    see(tab.page, "dict", "1 / 1", "limit")
    tab.page.wait_for_url(re.compile("#alice=60&bob=120~2&"))
    tab.page.get_by_label("the store is down for a minute").check()
    see(tab.page, "sorted-set", "? / ?", "unknown")
    tab.page.get_by_label("two processes take turns").uncheck()
    see(tab.page, "dict", "2", "right")
    tab.page.get_by_label("dave's account is created").check()
    tab.page.get_by_text("An account is created while the store is down").wait_for()
    tab.page.get_by_label("the store is down for a minute").uncheck()
    see(tab.page, "article-column", "3", "defect")
    tab.page.get_by_label("sets the clock back an hour").check()
    tab.page.locator("#clock").fill("500")
    see(tab.page, "dict", "0", "right")
    see(tab.page, "sorted-set", "2", "limit")
    tab.page.get_by_label("window").select_option("600 s")
    see(tab.page, "sorted-set", "2", "right")
    address = "#alice=60&bob=120&dave=c150&window=600&resolution=30&set=150,-3600&until=600&at=500"
    tab.page.wait_for_url(re.compile(f"{re.escape(address)}$"))


def test_a_history_is_made_up_and_a_broken_cure_would_be_told(open_lab: OpenLab) -> None:
    tab = open_lab("until=600")
    with tab.page.expect_response("**/api/replay"):
        tab.page.click("#random")
    tab.page.locator(".track .dot").nth(4).wait_for()
    assert not tab.page.locator("#found").is_visible()
    tab.page.get_by_role("link", name="Begin with nothing").click()
    tab.page.locator(".track .dot").first.wait_for(state="detached")

    answer = replay(story_at("alice=59&until=600"))
    answer["forms"]["sorted-set"]["wrong"] = [[0, 100, "broken", [[0, []]]]]
    tab.page.route("**/api/replay", lambda route: route.fulfill(json=answer))
    tab.page.locator("[data-user=alice] .user").click()
    tab.page.locator("#found").wait_for()
    see(tab.page, "sorted-set", "0", "broken")
    assert tab.page.locator("#address").input_value().endswith("/#alice=0&window=300&resolution=30&until=900")
    assert tab.errors == []


def test_an_address_that_makes_no_sense_is_refused_in_a_sentence(open_lab: OpenLab) -> None:
    tab = open_lab("alice=x,-5,1e99&until=abc&at=zz&set=1&down=,&window=-1")
    tab.page.get_by_text("Send 'until' as a number of seconds").or_(
        tab.page.get_by_text("Send 'window' as a number of seconds")
    ).wait_for()
    assert not tab.page.locator("#forms").is_visible()
    assert [error for error in tab.errors if "400" not in error] == []
    tab.page.get_by_role("link", name="Second 59").click()
    tab.page.locator(".question:visible button").first.click()
    see(tab.page, "article-redis", "0", "defect")


def test_a_lab_that_does_not_answer_is_told_and_may_come_back(open_lab: OpenLab) -> None:
    tab = open_lab(SECOND_59)
    see(tab.page, "dict", "1", "right")
    tab.page.route("**/api/replay", lambda route: route.abort())
    tab.page.locator("[data-user=bob] .user").click()
    tab.page.locator("#silent").wait_for()
    tab.page.unroute("**/api/replay")
    tab.page.locator("[data-user=carol] .user").click()
    see(tab.page, "dict", "3", "right")
    assert not tab.page.locator("#silent").is_visible()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_and_360_pixels_are_enough(open_lab: OpenLab, language: str) -> None:
    stories = (
        SECOND_59,
        "alice=60&bob=120~2&carol=180&dave=c20&down=150,210&until=600&at=230",
        "alice=0&until=600&ask=second-59",
    )
    for story in stories:
        tab = open_lab(story, language)
        if "ask" not in story:
            tab.page.locator(".memory li").first.wait_for()
        assert tab.violations() == []
        tab.page.set_viewport_size({"width": 360, "height": 800})
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
        assert tab.violations() == []
        assert tab.errors == []


def test_axe_finds_nothing_where_a_form_stands_beside_its_cures(open_lab: OpenLab, url: str) -> None:
    tab = open_lab(SECOND_59)
    for width in (1280, 360):
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.goto(f"{url}/source/redis#redis-3")
        assert tab.violations() == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    tab.page.click("#language")
    assert tab.page.get_by_text("一种写法和它的改法").is_visible()
    assert (tab.errors, tab.hosts) == ([], {urlsplit(url).netloc})
