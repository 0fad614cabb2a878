"""recipes/leaving_early.py: who closes the page is soon offline, and who only reloads it is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from flask import Response, request
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from recipes.leaving_early import create_app
from step1_dict.tracker import DictTracker
from tests.helpers.browser import chromium
from tests.helpers.clock import FakeClock

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ALICE = {"name": "alice", "password": "demo"}


def signed_in(clock: FakeClock) -> FlaskClient:
    client = create_app(DictTracker(clock=clock)).test_client()
    assert client.post("/login", data=ALICE).status_code == 302
    client.post("/seen")
    assert client.get("/online").json == {"online": 1}
    return client


def test_who_leaves_counts_for_ten_seconds_more_and_is_here_again_with_the_next_beat() -> None:
    clock = FakeClock()
    client = signed_in(clock)
    assert client.post("/leave").status_code == 204
    clock.advance(seconds=10, microseconds=-1)
    assert client.get("/online").json == {"online": 1}
    clock.advance(microseconds=1)
    assert client.get("/online").json == {"online": 0}
    client.post("/seen")
    assert client.get("/online").json == {"online": 1}


def test_a_foreign_page_has_nobody_leave() -> None:
    clock = FakeClock()
    client = signed_in(clock)
    cookie = client.post("/login", data=ALICE).headers["Set-Cookie"]
    # no script reads it, and a browser sends it with no POST, and so no beacon, of another site
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert client.get("/leave").status_code == 405  # with a link it would
    stranger = client.application.test_client()
    assert [stranger.post(path).status_code for path in ("/leave", "/seen")] == [401, 401]
    clock.advance(seconds=10)
    assert client.get("/online").json == {"online": 1}


@pytest.mark.parametrize(("form", "status"), [({"name": "alice"}, 400), (ALICE | {"password": "no"}, 401)])
def test_nobody_signs_in_without_the_password(form: dict[str, str], status: int) -> None:
    client = create_app().test_client()
    assert client.post("/login", data=form).status_code == status
    assert client.post("/seen").status_code == 401


class Server:
    """The recipe on a port of its own, with a clock that the test moves, and its answers to beats."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.app = create_app(DictTracker(clock=self.clock))
        self.answered: Queue[str] = Queue()
        self.url = ""

        @self.app.after_request
        def note(response: Response) -> Response:
            if request.path in {"/seen", "/leave"}:
                self.answered.put(f"{request.path} {response.status_code}")
            return response

    def expect(self, *answers: str) -> None:
        """Wait until these, and no others, have been answered, in any order."""
        assert sorted(self.answered.get(timeout=20) for _ in answers) == sorted(answers)

    def online(self) -> Any:
        """Return how many are online, asked as anybody may."""
        return self.app.test_client().get("/online").get_json()["online"]


@pytest.fixture
def server() -> Iterator[Server]:
    recipe = Server()
    served = make_server("127.0.0.1", 0, recipe.app, threaded=True)
    recipe.url = f"http://127.0.0.1:{served.port}/"
    thread = Thread(target=served.serve_forever)
    thread.start()
    yield recipe
    served.shutdown()
    thread.join()
    served.server_close()


@contextmanager
def tab_of_alice(browser: Browser, server: Server) -> Iterator[tuple[BrowserContext, Page]]:
    """Lend a tab in which alice has just signed in; the test moves the clock of its pages, too."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    context.clock.install()
    errors: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(server.url)
    tab.get_by_label("name").fill("alice")
    tab.get_by_label("password").fill("demo")
    tab.get_by_role("button").click()
    tab.get_by_text("You are alice.").wait_for()
    server.expect("/seen 204")
    # from here on, only the test lets time pass
    context.clock.pause_at(tab.evaluate("Date.now() / 1000 + 1"))
    yield context, tab
    assert errors == []


@pytest.mark.slow
def test_who_closes_the_only_tab_is_offline_ten_seconds_later(server: Server) -> None:
    with chromium() as browser, tab_of_alice(browser, server) as (_, tab):
        tab.close(run_before_unload=True)
        server.expect("/leave 204")
        server.clock.advance(seconds=9)
        assert server.online() == 1
        server.clock.advance(seconds=1)
        assert server.online() == 0


@pytest.mark.slow
def test_a_reload_changes_nothing_even_if_its_farewell_arrives_last(server: Server) -> None:
    with chromium() as browser, tab_of_alice(browser, server) as (context, tab):
        tab.reload()
        server.expect("/leave 204", "/seen 204")
        assert context.request.post(f"{server.url}leave").status == 204  # as if it had been held up
        server.expect("/leave 204")
        server.clock.advance(seconds=5)
        tab.clock.run_for(5000)
        server.expect("/seen 204")
        server.clock.advance(minutes=5, microseconds=-1)
        assert server.online() == 1


@pytest.mark.slow
def test_while_another_tab_is_open_nobody_has_left(server: Server) -> None:
    with chromium() as browser, tab_of_alice(browser, server) as (context, tab):
        second = context.new_page()
        second.goto(server.url)
        server.expect("/seen 204")
        second.close(run_before_unload=True)
        server.expect("/leave 204", "/seen 204")  # the first tab answers at once
        server.clock.advance(seconds=5)
        tab.clock.run_for(5000)
        server.expect("/seen 204", "/seen 204")
        server.clock.advance(minutes=5, microseconds=-1)
        assert server.online() == 1
        tab.close(run_before_unload=True)
        server.expect("/leave 204")
        server.clock.advance(seconds=10)
        assert server.online() == 0


@pytest.mark.slow
def test_a_browser_that_is_killed_waits_for_the_window(server: Server) -> None:
    with chromium() as browser, tab_of_alice(browser, server) as (context, _):
        session = browser.new_browser_cdp_session()
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        gone = [process["id"] for process in processes if process["type"] == "browser"]
        assert len(gone) == 1
        with context.expect_event("close"):
            os.kill(gone[0], signal.SIGKILL)
        server.clock.advance(minutes=5, microseconds=-1)
        assert server.online() == 1
        server.clock.advance(microseconds=1)
        assert server.online() == 0
        assert server.answered.empty()
