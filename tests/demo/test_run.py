"""What the demo accepts, serves and keeps."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from copy import copy as duplicate
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from common.accounts import create_tables
from demo import run
from demo.page import Words
from demo.run import port_number, read_or_make_key, run_demo
from tests.common.conftest import db, make_app
from tests.helpers.apps import QUICK_HASH
from tests.helpers.started_steps import Client, Copy
from tests.helpers.threads import run_at_once


class Served(NamedTuple):
    """A demo that would be serving now, if its server were a real one."""

    host: str
    port: int
    app: Flask
    threaded: bool
    config: Mapping[str, Any]  # what the app was made with


Run = Callable[..., Served]


@pytest.fixture
def run_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the demo of the app of the tests of common/, with these arguments; its server serves nothing."""
    configs: list[Mapping[str, Any]] = []
    servers: list[tuple[str, int, Flask, bool]] = []
    served: list[Served] = []

    def create_app(config: Mapping[str, Any]) -> Flask:
        configs.append(config)
        app = make_app({
            **config,
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/notes.sqlite",
            "PASSWORD_HASH_METHOD": QUICK_HASH,
        })  # fmt: skip
        app.instance_path = str(tmp_path / "instance")
        return app

    def make_server(host: str, port: int, app: Flask, *, threaded: bool) -> SimpleNamespace:
        servers.append((host, port, app, threaded))
        return SimpleNamespace(
            port=port or 50_001, serve_forever=lambda: served.append(Served(*servers[-1], configs[-1]))
        )

    def run_notes(*arguments: str) -> Served:
        monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
        run_demo(
            create_app, "notes", port=5009, remembers=Words("Notes remember.", "笔记记得。"), mark="{id}"
        )
        return served[-1]

    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(run, "make_server", make_server)
    yield run_notes
    for _, _, app, _ in servers:
        with app.app_context():
            db.engine.dispose()


def test_a_demo_serves_its_page_and_its_accounts_on_this_machine_alone(
    run_notes: Run, tmp_path: Path
) -> None:
    served = run_notes()
    assert (served.host, served.port, served.threaded) == ("127.0.0.1", 5009, True)
    client = served.app.test_client()
    page = client.get("/").text
    assert "Notes remember." in page and "笔记记得。" in page
    for name in ("alice", "bob", "carol"):
        assert f'data-name="{name}" data-password="demo"' in page
        assert client.post("/api/tokens", auth=(name, "demo")).status_code == 200
    kept = (tmp_path / "instance" / "notes-demo.key").read_text(encoding="utf-8")
    assert served.app.config["SECRET_KEY"] == kept
    again = run_notes()  # the accounts and the key are there already
    assert again.app.config["SECRET_KEY"] == kept
    assert again.app.test_client().post("/api/tokens", auth=("bob", "demo")).status_code == 200


def test_a_demo_has_a_database_and_a_key_prefix_of_its_own_and_no_resolution(
    run_notes: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dict(run_notes().config)
    assert len(first.pop("SECRET_KEY")) == 64
    fixed = {"SQLALCHEMY_DATABASE_URI": "sqlite:///notes-demo.sqlite", "SQLALCHEMY_ENGINE_OPTIONS": {}}
    assert first == fixed | {"ONLINE_RESOLUTION_SECONDS": 0, "ONLINE_KEY_PREFIX": "notes-demo"}
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", "sqlite:///deployed.sqlite")
    monkeypatch.setenv("FLASK_SQLALCHEMY_ENGINE_OPTIONS", '{"pool_recycle": 60}')
    monkeypatch.setenv("FLASK_ONLINE_KEY_PREFIX", "mine")  # this alone may be changed, and the resolution
    second = run_notes().config
    assert {name: value for name, value in second.items() if name != "SECRET_KEY"} == fixed | {
        "ONLINE_RESOLUTION_SECONDS": 0
    }


@pytest.mark.parametrize(("system", "curl"), [(os.name, "curl"), ("nt", "curl.exe")], ids=["here", "Windows"])
def test_a_demo_says_where_it_is_and_how_to_sign_in(
    run_notes: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    system: str,
    curl: str,
) -> None:
    monkeypatch.setattr(run, "os", SimpleNamespace(**{**vars(os), "name": system}))
    run_notes("--port", "0")
    assert capsys.readouterr().out == (
        "notes: http://127.0.0.1:50001/  (Ctrl+C ends it)\n"
        "Notes remember.\n"
        "Accounts: alice, bob, carol; password: demo. Sign in from a second terminal:\n"
        f"    {curl} -u alice:demo -X POST http://127.0.0.1:50001/api/tokens\n"
    )


def test_the_port_is_the_argument_or_that_of_the_environment(
    run_notes: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "5077")
    assert run_notes().port == 5077
    assert run_notes("--port", "5078").port == 5078
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SystemExit):
        run_notes()
    assert "argument --port: 'http' is not a port: give a number from 0 to 65535" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run_notes("--help")
    assert "Run notes on 127.0.0.1, with accounts to try it." in capsys.readouterr().out


def test_another_demo_may_make_the_tables_and_the_accounts_between_our_look_and_our_try(
    run_notes: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def make_tables_twice() -> None:
        nonlocal calls
        calls += 1
        create_tables()
        if calls == 1:
            raise OperationalError("CREATE TABLE users", {}, Exception("table users already exists"))

    monkeypatch.setattr(run, "create_tables", make_tables_twice)
    run_notes()
    assert calls == 2
    monkeypatch.setattr(run, "find_by_name", lambda name: None)  # as it was when we looked
    assert run_notes().app.test_client().post("/api/tokens", auth=("carol", "demo")).status_code == 200


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("5001", 5001), ("65535", 65535)])
def test_a_port_is_a_number(text: str, port: int) -> None:
    assert port_number(text) == port


@pytest.mark.parametrize("text", ["", "-1", "65536", "abc", "50 01", "٥", "1e3", "9" * 5000])
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="give a number from 0 to 65535"):
        port_number(text)


def test_the_secret_is_made_once_and_in_its_own_folder_and_is_nobody_elses_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no such folder")  # it may be on another disk
    path = tmp_path / "not" / "yet" / "key"
    secret = read_or_make_key(path)
    assert len(secret) == 64
    assert read_or_make_key(path) == secret
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_a_key_that_another_demo_has_made_since_we_looked_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_too_late(source: str, target: Path) -> None:
        target.write_text("the other one's", encoding="utf-8")
        link(source, target)

    monkeypatch.setattr(os, "link", link_too_late)
    assert read_or_make_key(tmp_path / "key") == "the other one's"


def test_a_secret_file_left_empty_by_a_crash_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    assert read_or_make_key(path) == path.read_text(encoding="utf-8") != ""


def test_of_several_demos_that_start_at_once_one_makes_the_key(tmp_path: Path) -> None:
    keys: set[str] = set()
    run_at_once(*[lambda: keys.add(read_or_make_key(tmp_path / "instance" / "key"))] * 8)
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["key"]


def test_two_demos_that_start_at_once_in_a_fresh_copy_share_accounts_and_key(tmp_path: Path) -> None:
    one = Copy("step1_dict", tmp_path)
    other = duplicate(one)
    other.log = tmp_path / "log of the other"
    with ExitStack() as stack:
        clients: list[Client] = []
        lock = Lock()

        def start(which: Copy) -> None:
            demo = which.demo()
            client = demo.__enter__()
            with lock:
                stack.push(demo)
                clients.append(client)

        run_at_once(lambda: start(one), lambda: start(other))
        first, second = clients
        assert second.call("GET", "/api/me", token=first.sign_in("alice")).status == 200
        assert first.call("GET", "/api/me", token=second.sign_in("bob")).status == 200
