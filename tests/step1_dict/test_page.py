"""The page of step 1 in a real browser, and the front pages' pictures of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from tests.contracts.page import PageContract, microseconds, see
from tests.helpers.clock import FakeClock
from tests.helpers.page_picture import (
    LANGUAGES,
    Film,
    demo_with_clock,
    let_pass,
    page_to_picture,
    take_pictures,
)

pytestmark = pytest.mark.slow


class TestPageOfStep1(PageContract):
    """With python step1_dict/app.py."""

    step = "step1_dict"

    def mark_of(self, user_id: int, seen: datetime) -> str:
        return f"last_seen[{user_id}] = {microseconds(seen)}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def address(app: Flask, clock: FakeClock) -> Iterator[str]:
    with demo_with_clock(app, clock) as address:
        yield address


def test_the_pictures_of_three_users_can_be_taken(address: str, clock: FakeClock, tmp_path: Path) -> None:
    with page_to_picture(address, "en", height=800) as page:
        for number, (name, seconds) in enumerate({"alice": 90, "bob": 60, "carol": 40}.items(), 1):
            page.click(f"[data-name={name}]")
            see(page, str(number))
            let_pass(page, clock, seconds)
        see(page, "3")
        page.click("[data-user=bob] [data-path='/api/me']")
        page.get_by_text('"bob"').wait_for()
        take_pictures(page, clock, "page-step1", (800, 800), tmp_path)


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
