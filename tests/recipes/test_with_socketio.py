"""recipes/with_socketio.py: a user is online as long as a socket of theirs is open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from werkzeug.datastructures import Authorization

pytest.importorskip("flask_socketio", reason="pip install -c constraints.txt -e '.[recipes]'")

from flask_login import current_user
from flask_socketio import SocketIO
from simple_websocket import Client

from common import presence
from recipes.with_socketio import create_app, keep_marking
from step1_dict.tracker import DictTracker
from tests.contracts.deployment import needs_gunicorn
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import redis_server
from tests.helpers.started_steps import ROOT, START_SECONDS, address_in

pytestmark = pytest.mark.slow


@pytest.fixture
def app(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(SocketIO, "start_background_task", lambda *_: None)  # a test's beats follow its clock
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


FOUR_WORKERS = """
import os
from types import SimpleNamespace

import recipes.small_app
import recipes.with_socketio

names = [f"user{number}" for number in range(1, 31)]
recipes.small_app.USERS.update({name: SimpleNamespace(id=name, name=name, is_admin=False) for name in names})
recipes.with_socketio.BEAT_SECONDS = 1
app = recipes.with_socketio.create_app()


@app.get("/sockets")
def sockets():
    return {str(os.getpid()): len(app.extensions["user_of_socket"])}
"""
USERS = [f"user{number}" for number in range(1, 31)]


def socket_url(address: str, transport: str, sid: str = "") -> str:
    return f"{address}/socket.io/?EIO=4&transport={transport}{sid and '&sid='}{sid}"


def basic(name: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:demo".encode()).decode()}


def websocket(address: str, name: str) -> Client:
    """Open a socket that never polls."""
    url = socket_url(address, "websocket").replace("http", "ws", 1)
    socket = Client.connect(url, headers=basic(name))
    # before anything is read: this client overlooks what comes with the handshake, until more comes
    socket.send("40")
    opened = [str(socket.receive(timeout=START_SECONDS)) for _ in range(2)]
    assert [text.partition("{")[0] for text in opened] == ["0", "40"]  # Engine.IO is open, and Socket.IO
    return socket


def polled(address: str, name: str) -> int:
    """Open a socket by two requests, as a client does that polls, and return the second's status."""
    with urlopen(Request(socket_url(address, "polling"), headers=basic(name))) as answer:
        sid = json.loads(answer.read()[1:])["sid"]
    try:
        with urlopen(Request(socket_url(address, "polling", sid), b"40", basic(name))) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def told(address: str, path: str) -> Any:
    with urlopen(address + path) as answer:
        return json.loads(answer.read())


@needs_gunicorn
def test_four_workers_on_one_redis_count_thirty_websockets_exactly_and_refuse_clients_that_poll(
    tmp_path: Path,
) -> None:
    (tmp_path / "thirty.py").write_text(FOUR_WORKERS, encoding="utf-8")
    log = tmp_path / "log"
    gunicorn = [sys.executable, "-m", "gunicorn", "-w", "4", "--threads", "100", "-b", "127.0.0.1:0"]
    with redis_server(tmp_path) as redis, log.open("w", encoding="utf-8") as output, ExitStack() as closing:
        settings = {"FLASK_REDIS_URL": redis.url, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
        command = [*gunicorn, "--no-control-socket", "--graceful-timeout", "1", "thirty:app"]
        server = subprocess.Popen(command, env=os.environ | settings, stdout=output, stderr=output)
        closing.callback(server.wait, START_SECONDS)
        closing.callback(server.terminate)
        address = address_in(log, server)
        sockets = [websocket(address, name) for name in USERS]
        counts = {told(address, "/online")["online"] for _ in range(100)}
        open_in: dict[str, int] = {}
        while len(open_in) < 4:
            open_in |= told(address, "/sockets")
        for socket in sockets:
            socket.close()
        # sooner or later the second request of one goes to another worker than the first
        refused = any(polled(address, name) == 400 for name in USERS * 10)
    assert counts == {30}
    assert sum(open_in.values()) == 30
    assert refused
