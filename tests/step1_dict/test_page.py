"""The page of step 1 in a real browser, and the front pages' pictures of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from werkzeug.serving import make_server

from demo import page as demo_page
from tests.contracts.page import PageContract, microseconds, see
from tests.helpers.clock import FakeClock
from tests.helpers.page_picture import LANGUAGES, Film, let_pass, page_to_picture, take_pictures
from tests.helpers.started_steps import Copy
from tests.step1_dict.conftest import MakeApp, make_app

__all__ = ["make_app"]

pytestmark = pytest.mark.slow


class TestPageOfStep1(PageContract):
    """With python step1_dict/app.py."""

    step = "step1_dict"

    def mark_of(self, user_id: int, seen: datetime) -> str:
        return f"last_seen[{user_id}] = {microseconds(seen)}"


def test_the_pictures_of_three_users_can_be_taken(tmp_path: Path) -> None:
    with (
        Copy("step1_dict", tmp_path / "copy").demo() as client,
        page_to_picture(client.url, "en", height=800) as page,
    ):
        for number, (name, seconds) in enumerate({"alice": 90, "bob": 60, "carol": 40}.items(), 1):
            page.click(f"[data-name={name}]")
            see(page, str(number))
            let_pass(page, seconds)
        see(page, "3")
        page.click("[data-user=bob] [data-path='/api/me']")
        page.get_by_text('"bob"').wait_for()
        take_pictures(page, "page-step1", (800, 800), tmp_path)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def address(make_app: MakeApp, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the demo is served by this process, so that the test can move its clock."""
    app = make_app()
    app.extensions["presence"].tracker._clock = clock
    monkeypatch.setattr(demo_page, "time", SimpleNamespace(time=clock))
    remembers = demo_page.Words("A dict remembers.", "字典记得。")
    passwords = dict.fromkeys(("alice", "bob", "carol"), "demo")
    demo_page.init_app(app, remembers, passwords, mark="last_seen[{id}] = {microseconds}")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_moving_picture_of_users_who_come_and_go_can_be_taken(
    language: str, address: str, clock: FakeClock, tmp_path: Path
) -> None:
    with page_to_picture(address, language, height=740) as page:
        film = Film(page, clock)
        see(page, "0")
        page.clock.pause_at("2026-01-31T10:00:30Z")
        page.check("[name=window] >> nth=0")  # six seconds
        film.go_on(2)
        for number, name in enumerate(("alice", "bob", "carol"), 1):
            page.click(f"[data-name={name}]")
            see(page, str(number))
            film.go_on(2)
        for left in ("2", "1", "0"):  # each leaves six seconds after the last request
            see(page, left)
            film.go_on(2)
        film.write("page", language, tmp_path)
