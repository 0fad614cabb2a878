"""recipes/number_on_every_page.py: a number in the base template."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakeredis import FakeRedis, FakeServer

from recipes.number_on_every_page import create_app
from step1_dict.tracker import DictTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.apps import own_retry_clock

ALICE, BOB = ("alice", "demo"), ("bob", "demo")
PAGES = pytest.mark.parametrize("path", ["/", "/about"])


class CountingTracker(DictTracker):
    """Knows how often it was asked for a count."""

    asked = 0

    def get_online(self, window: timedelta | None = None) -> int:
        self.asked += 1
        return super().get_online(window)


@PAGES
def test_every_page_says_how_many_are_online_and_nobody_is_a_number_too(path: str) -> None:
    assert "<p>0 online</p>" in create_app().test_client().get(path).text
    client = create_app().test_client()
    client.get("/hello", auth=ALICE)
    client.get("/hello", auth=BOB)
    assert "<p>2 online</p>" in client.get(path).text


def test_the_store_is_asked_once_a_second_however_many_pages_are_read() -> None:
    tracker = CountingTracker()
    app = create_app(tracker)
    clock = own_retry_clock(app)
    client = app.test_client()
    for _ in range(20):
        assert "<p>0 online</p>" in client.get("/").text
    assert tracker.asked == 1
    client.get("/hello", auth=ALICE)
    assert "<p>0 online</p>" in client.get("/about").text
    clock.advance(seconds=1)
    assert "<p>1 online</p>" in client.get("/about").text
    assert tracker.asked == 2


@PAGES
def test_while_the_store_fails_the_pages_stand_as_before_and_say_no_number(path: str) -> None:
    server = FakeServer()
    app = create_app(RedisTracker(FakeRedis(server=server)))
    clock = own_retry_clock(app)
    client = app.test_client()
    client.get("/hello", auth=ALICE)
    before = client.get(path)
    server.connected = False
    clock.advance(seconds=1)
    during = client.get(path)
    assert during.status_code == 200
    assert during.text == before.text.replace("<p>1 online</p>", "")
    server.connected = True
    clock.advance(seconds=5)
    assert client.get(path).text == before.text
