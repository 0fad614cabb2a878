"""recipes/with_socketio.py: a user is online as long as a socket of theirs is open."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import Authorization

pytest.importorskip("flask_socketio", reason="pip install -c constraints.txt -e '.[recipes]'")

from flask_login import current_user

from common import presence
from recipes.with_socketio import create_app, keep_marking
from step1_dict.tracker import DictTracker
from tests.helpers.clock import FakeClock

pytestmark = pytest.mark.slow


@pytest.fixture
def app(clock: FakeClock) -> Flask:
    app = create_app()
    presence.init_app(app, DictTracker(clock=clock))
    return app


def open_socket(app: Flask, name: str, password: str = "demo") -> Any:
    shown = Authorization("basic", {"username": name, "password": password})
    return app.extensions["socketio"].test_client(app, headers={"Authorization": shown.to_header()})


def online(app: Flask) -> int:
    answer = app.test_client().get("/online").json
    assert answer is not None
    return int(answer["online"])


class Ended(Exception):
    """Ends what would go on for ever."""


def let_beats_pass(app: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Let keep_marking() run for these minutes, and end in the middle of a sleep."""
    ends_at = clock() + minutes * 60

    def sleep(seconds: float) -> None:
        if clock() + seconds > ends_at:
            raise Ended
        clock.advance(seconds=seconds)

    monkeypatch.setattr(app.extensions["socketio"], "sleep", sleep)
    with pytest.raises(Ended):
        keep_marking(app)


def test_an_open_silent_socket_stays_online(
    app: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_socket(app, "alice").is_connected()
    app.test_client().get("/hello", auth=("bob", "demo"))
    assert online(app) == 2
    let_beats_pass(app, clock, monkeypatch, minutes=30)
    assert online(app) == 1  # bob has no socket


def test_a_closed_socket_lets_its_user_go_after_the_tail(app: Flask, clock: FakeClock) -> None:
    socket = open_socket(app, "alice")
    clock.advance(minutes=1)
    socket.disconnect()
    clock.advance(seconds=29.999999)
    assert online(app) == 1
    clock.advance(seconds=0.000001)
    assert online(app) == 0


def test_no_beat_marks_the_user_of_a_closed_socket(
    app: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_socket(app, "alice").disconnect()
    let_beats_pass(app, clock, monkeypatch, minutes=1)
    assert online(app) == 0


def test_the_user_stays_while_another_tab_is_open(app: Flask, clock: FakeClock) -> None:
    first, second = open_socket(app, "alice"), open_socket(app, "alice")
    first.disconnect()
    clock.advance(minutes=1)
    assert online(app) == 1
    second.disconnect()
    clock.advance(minutes=1)
    assert online(app) == 0


def test_a_socket_in_another_process_keeps_the_user_online(
    app: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = create_app()
    other.extensions["presence"] = app.extensions["presence"]  # the store is shared, as Redis would be
    open_socket(other, "alice")
    open_socket(app, "alice").disconnect()
    monkeypatch.setattr(other.extensions["socketio"], "sleep", lambda seconds: clock.advance(seconds=seconds))
    beats: list[int] = []

    def note_and_end_after_three(_user: Any) -> None:
        beats.append(online(app))  # what it is just before the beat's mark, at its lowest
        real(_user)
        if len(beats) == 3:
            raise Ended

    real = presence.record
    monkeypatch.setattr(presence, "record", note_and_end_after_three)
    with pytest.raises(Ended):
        keep_marking(other)
    assert beats == [1, 1, 1]


def test_a_handler_that_looks_at_current_user_marks_whoever_has_just_left(
    app: Flask, clock: FakeClock
) -> None:
    """The trap: with the obvious handler the user stays for the whole window, and not for the tail."""

    def disconnect(_reason: str) -> None:
        presence.mark_offline(current_user.id)  # the loader marks, and then this one takes it back ...
        assert current_user.id == 1

    def disconnect_in_the_other_order(_reason: str) -> None:
        presence.mark_offline(1)
        assert current_user.id == 1  # ... and here the loader has the last word

    for handler, stays in ((disconnect, 0), (disconnect_in_the_other_order, 1)):
        app.extensions["socketio"].on_event("disconnect", handler)
        open_socket(app, "alice").disconnect()
        clock.advance(minutes=4, seconds=59)
        assert online(app) == stays
        clock.advance(minutes=1)


def test_nobody_opens_a_socket_for_somebody_else(app: Flask) -> None:
    assert not open_socket(app, "alice", "guessed").is_connected()
    assert not app.extensions["socketio"].test_client(app).is_connected()
    assert online(app) == 0
    assert app.extensions["user_of_socket"] == {}
