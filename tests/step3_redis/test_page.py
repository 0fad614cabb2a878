"""The page of step 3 in a real browser, and lesson 3's picture of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from tests.contracts.page import OpenPage, PageContract, microseconds, see
from tests.helpers.browser import Watched, chromium
from tests.helpers.clock import FakeClock
from tests.helpers.page_picture import demo_with_clock, let_pass, page_to_picture, take_pictures
from tests.helpers.redis_server import RedisServer
from tests.helpers.started_steps import Copy

pytestmark = pytest.mark.slow


class TestPageOfStep3(PageContract):
    """With python step3_redis/app.py."""

    step = "step3_redis"

    def mark_of(self, user_id: int, seen: datetime) -> str:
        return f"ZADD step3_redis-demo:last-seen GT {microseconds(seen)} {user_id}"

    def test_in_fakeredis_the_step_also_says_what_a_real_redis_would(self, open_page: OpenPage) -> None:
        page = open_page().page
        shown = page.locator("dd").all_inner_texts()
        assert shown == ["no a real one: yes", "no a real one: yes", "no", "0 seconds"]


class TestPageOnARealRedis:
    """With a Redis that stops and starts."""

    def test_while_redis_is_stopped_the_number_is_unknown_and_since_when(
        self, tmp_path: Path, own_server: RedisServer
    ) -> None:
        copy = Copy("step3_redis", tmp_path)
        with chromium() as browser, copy.demo(settings={"FLASK_REDIS_URL": own_server.url}) as client:
            tab = Watched(browser.new_page())
            tab.page.goto(client.url)
            tab.page.click("[data-name=alice]")
            see(tab.page, "1")
            assert tab.page.get_by_text("A sorted set in the Redis").is_visible()
            assert tab.page.locator("dd").all_inner_texts() == ["yes", "yes", "no", "0 seconds"]
            own_server.end()
            tab.page.get_by_text("the presence store does not answer").wait_for()
            assert tab.page.locator("#number").inner_text() == "?"
            assert ":" in tab.page.locator("#since").inner_text()
            tab.page.click("[data-path='/api/me']")  # answers all the same
            tab.page.get_by_text("200 OK").wait_for()
            own_server.start()
            tab.page.check("#people [type=checkbox]")
            see(tab.page, "1")  # a heartbeat has marked her again

    def test_the_pictures_of_a_number_that_is_unknown_can_be_taken(
        self, tmp_path: Path, own_server: RedisServer, make_app: Callable[..., Flask]
    ) -> None:
        clock = FakeClock()
        with (
            demo_with_clock(make_app(own_server.url, ONLINE_KEY_PREFIX="step3_redis-demo"), clock) as address,
            page_to_picture(address, "en", height=1290) as page,
        ):
            for number, (name, seconds) in enumerate({"alice": 90, "bob": 60}.items(), 1):
                page.click(f"[data-name={name}]")
                see(page, str(number))
                let_pass(page, clock, seconds)
            own_server.end()
            let_pass(page, clock, 40)
            page.locator("#count[data-state=store]").wait_for()
            assert page.locator("#number").inner_text() == "?"
            page.click("[data-user=bob] [data-path='/api/me']")
            page.get_by_text('"bob"').wait_for()  # the app answers, and does not know when it saw him
            take_pictures(page, clock, "page-step3", (1290, 1244), tmp_path)
