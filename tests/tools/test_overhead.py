"""tools/overhead.py: a page with and without the mark."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, abort, request

from common import presence
from step1_dict.tracker import DictTracker
from tools.overhead import Overhead, main, measure

APP = """
from tests.tools.test_overhead import new_app
app = new_app()
no_app = object()
"""


def new_app() -> Flask:
    """An app with a page for those who have signed in, and a page that marks nobody."""
    app = Flask("own")
    presence.init_app(app, DictTracker())

    @app.post("/login")
    def login() -> tuple[str, int, dict[str, str]]:
        return "", 204, {"Set-Cookie": f"name={request.form['name']}"}

    @app.get("/shelf")
    def shelf() -> str:
        name = request.cookies.get("name") or (request.authorization and request.authorization.username)
        if not name:
            abort(401)
        presence.record(name)
        return name

    @app.get("/imprint")
    def imprint() -> str:
        return "nobody"

    return app


@pytest.fixture(autouse=True)
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ownapp.py").write_text(APP, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("how", [["--basic", "ann:secret"], ["--sign-in", "/login", "name=ann"]])
def test_it_prints_both_times_and_the_share(how: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["ownapp:app", "/shelf", *how, "--rounds", "3", "--requests", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:16] for line in lines] == ["without a mark  ", "with a mark     ", "its share       "]
    assert lines[0].count(" µs a request (") == lines[1].count(" µs a request (") == 1


def test_only_every_other_round_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[str] = []
    app = new_app()
    monkeypatch.setattr(app.extensions["presence"], "record", marked.append)
    client = app.test_client()
    client.set_cookie("name", "ann")
    times = measure(client, "/shelf", rounds=4, requests=3)
    assert marked == ["ann"] * 4 * 3
    assert [len(each) for each in times] == [4, 4]


def test_the_share_is_what_a_marked_request_takes_longer() -> None:
    shown = str(Overhead([0.001, 0.001, 0.001], [0.002, 0.004, 0.002]))
    assert shown.splitlines() == [
        "without a mark  1,000 µs a request (1,000 to 1,000)",
        "with a mark     2,000 µs a request (2,000 to 4,000)",
        "its share       50.0% (50.0% to 75.0%)",
    ]


@pytest.mark.parametrize(
    ("app", "path", "sentence"),
    [
        (
            "ownapp:app",
            "/shelf",
            "answers 401, and not 200: name a page, and sign in by --sign-in",
        ),
        ("ownapp:app", "/imprint", "marks nobody: name a page for which your app looks up who asks."),
        ("ownapp:missing", "/", "cannot be imported"),
        ("ownapp:no_app", "/", "is no Flask app and makes none: write module:app or module:create_app."),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(app: str, path: str, sentence: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main([app, path])
    assert sentence in str(refused.value)


def test_an_app_without_presence_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"^This app has no presence: call init_app\(\) of presence\.py"):
        measure(Flask("bare").test_client(), "/", 1, 1)
