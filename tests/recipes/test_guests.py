"""recipes/guests.py: guests are counted apart from the users, by a signed cookie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from step1_dict.tracker import DictTracker
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import redis_server

pytestmark = pytest.mark.slow
pytest.importorskip("flask_limiter")

from recipes import guests  # noqa: E402  # it imports flask_limiter

ALICE = ("alice", "demo")
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def visits(client: FlaskClient, times: int = 2, **options: Any) -> None:
    """Open the page; the first time brings the cookie, and the second time shows that it was kept."""
    for _ in range(times):
        assert client.get("/", headers=FIREFOX, **options).text == "Welcome."


def counts(app: Flask) -> tuple[int, int]:
    """Return how many guests are here, and how many users."""
    client = app.test_client()
    return client.get("/guests").get_json()["guests"], client.get("/online").get_json()["online"]


def test_a_browser_that_keeps_the_cookie_is_one_guest_until_the_window_has_passed() -> None:
    clock = FakeClock()
    app = guests.create_app(DictTracker(clock=clock))
    first, second = app.test_client(), app.test_client()
    visits(first, times=1)
    assert counts(app) == (0, 0)
    visits(first, times=3)
    visits(second)
    assert counts(app) == (2, 0)
    clock.advance(minutes=5)
    assert counts(app) == (0, 0)


def test_the_cookie_goes_over_https_only_and_no_script_reads_it_and_no_cache_keeps_it() -> None:
    answer = guests.create_app().test_client().get("/", headers=FIREFOX)
    [cookie] = answer.headers.getlist("Set-Cookie")
    name, *flags = cookie.split("; ")
    assert name.startswith("__Host-guest=")
    assert sorted(flags) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]  # and no Domain
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_program_that_keeps_no_cookies_is_no_guest_and_a_bot_gets_none() -> None:
    app = guests.create_app()
    for _ in range(3):
        visits(app.test_client(use_cookies=False))
    bot = app.test_client()
    for _ in range(2):
        answer = bot.get("/", headers={"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert counts(app) == (0, 0)


@pytest.mark.parametrize("made_up", ["", "guest-1", '"guest-1".c2lnbmF0dXJl', "密", "x" * 3000])
def test_an_id_that_somebody_has_made_up_is_none_and_is_replaced(made_up: str) -> None:
    app = guests.create_app()
    client = app.test_client()
    client.set_cookie("__Host-guest", made_up)
    visits(client, times=1)
    assert counts(app) == (0, 0)
    visits(client, times=1)
    assert counts(app) == (1, 0)


def test_a_cookie_of_another_key_is_none() -> None:
    elsewhere, app = guests.create_app(), guests.create_app()
    client = elsewhere.test_client()
    visits(client)
    stolen = client.get_cookie("__Host-guest")
    assert stolen
    other = app.test_client()
    other.set_cookie("__Host-guest", stolen.value)
    visits(other, times=1)
    assert counts(app) == (0, 0)


def test_who_signs_in_is_a_user_and_no_guest_any_more() -> None:
    app = guests.create_app()
    client = app.test_client()
    visits(client)
    assert counts(app) == (1, 0)
    visits(client, times=1, auth=ALICE)
    assert counts(app) == (0, 1)
    visits(client, times=1, auth=ALICE)
    assert counts(app) == (0, 1)


def test_an_address_gets_twenty_cookies_an_hour_and_the_page_all_the_same() -> None:
    app = guests.create_app()
    for _ in range(25):
        visits(app.test_client())
    assert counts(app) == (20, 0)
    visits(app.test_client(), environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert counts(app) == (21, 0)


def test_there_is_an_end_of_guests_however_many_cookies_somebody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "MOST", 1)
    monkeypatch.setattr("common.presence.KeptCount.SECONDS", 0)
    app = guests.create_app()
    for _ in range(3):
        visits(app.test_client())
    assert counts(app) == (1, 0)


def test_the_page_is_there_without_redis_and_a_real_one_counts_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as server:
        monkeypatch.setenv("FLASK_REDIS_URL", server.url)
        monkeypatch.setenv("FLASK_SECRET_KEY", "the key of both")
        one, other = guests.create_app(), guests.create_app()
        client = one.test_client()
        visits(client)
        visits(other.test_client())
        assert counts(one) == counts(other) == (2, 0)
        server.cut_power()
        visits(client)
        visits(one.test_client())
        assert one.test_client().get("/guests").status_code == 503
