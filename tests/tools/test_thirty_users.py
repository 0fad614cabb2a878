"""tools/thirty_users.py: thirty users of an app that is running, and what its counts are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from flask import Flask, abort, redirect, request, session
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from common import presence
from step1_dict.tracker import DictTracker
from tools.thirty_users import main


def new_app(online: Callable[[], str]) -> Flask:
    """An app with a form, HTTP Basic and tokens, whose count is told as a test says."""
    app = Flask("own")
    app.secret_key = "a test's own key"
    presence.init_app(app, DictTracker())

    @app.post("/login")
    def login() -> str:
        if request.form["email"] == f"{request.form['password']}@example.org":
            session["name"] = request.form["password"]
        return ""

    @app.post("/tokens")
    def tokens() -> dict[str, dict[str, str]]:
        told = request.authorization or request.get_json()
        name, password = told["username"], told["password"]
        return {"user": {"access_token": f"token of {name}"}} if name == password else {"user": {}}

    @app.get("/page")
    def page() -> ResponseReturnValue:
        return shelf() if "name" in session else redirect("/login")

    @app.get("/login")
    def login_form() -> str:
        return "Who are you?"

    @app.get("/shelf")
    def shelf() -> str:
        shown = request.authorization
        name = session.get("name")
        if shown and shown.type == "basic" and shown.username == shown.password:
            name = shown.username
        if shown and shown.type == "bearer":
            name = (shown.token or "").removeprefix("token of ")
        if name is None:
            abort(401)
        presence.record(name)
        return "Welcome."

    app.add_url_rule("/online", view_func=online)
    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an app on a free port, and give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FORM = ["--sign-in", "/login", "email={name}@example.org", "password={name}"]
TOKEN = ["--token", "/tokens", "access_token"]
WAYS = {"basic": ["--basic"], "form": FORM, "token": TOKEN}
WAYS["token for JSON"] = [*TOKEN, "username={name}", "password={name}"]


@pytest.mark.parametrize("way", WAYS)
def test_thirty_users_are_counted_exactly(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    with served(new_app(lambda: f"{presence.get_online()} online")) as address:
        assert main([address, "/shelf", *WAYS[way], "--visits", "2"]) == 0
    signed_in = "/login: 30 times 200\n" if way == "form" else ""
    assert capsys.readouterr().out == f"{signed_in}/shelf: 60 times 200\n/online: 100 times 30\n"


def test_an_answer_without_the_token_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [*TOKEN, "username={name}", "password=guessed"]
    with served(new_app(lambda: "30")) as address, pytest.raises(SystemExit) as ended:
        main([address, "/shelf", *wrong])
    assert str(ended.value.code).startswith("/tokens gave user")
    assert str(ended.value.code).endswith(" no access_token: 200")


def test_users_who_are_sent_to_the_form_again_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    refused = ["--sign-in", "/login", "email={name}", "password={name}", "--visits", "1"]
    with served(new_app(lambda: f"{presence.get_online()} online")) as address:
        assert main([address, "/page", *refused]) == 1
    told = "/login: 30 times 200\n/page: 30 times 200 at /login\n/online: 100 times 0\n"
    assert capsys.readouterr().out == told


def test_a_count_that_is_wrong_once_is_told_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(["29"] + ["30"] * 99)
    with served(new_app(lambda: next(answers))) as address:
        assert main([address, "/shelf", *FORM, "--visits", "1"]) == 1
    assert capsys.readouterr().out.endswith("/online: 1 times 29, 99 times 30\n")


def test_users_who_are_refused_and_a_count_that_is_unknown_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with served(new_app(lambda: abort(503))) as address:
        assert (
            main(
                [address, "/shelf", "--sign-in", "/login", "email={name}", "password={name}", "--visits", "1"]
            )
            == 1
        )
    told = "/login: 30 times 200\n/shelf: 30 times 401\n/online: 100 times status 503\n"
    assert capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("way", "said"),
    {
        (
            "--token",
            "/tokens",
        ): "--token needs two words: the path, and what the token is called in the answer",
        (*TOKEN, "username"): "a field has a name and a value: write username=..., not username",
        ("--sign-in", "/login", "email"): "a field has a name and a value: write email=..., not email",
    }.items(),
)
def test_what_cannot_be_sent_is_refused_before_anything_is(
    way: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["http://127.0.0.1:9", "/shelf", *way])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {said}\n")
