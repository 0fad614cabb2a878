"""One test for each defect of the form with before_request: it fails there, and ours passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Engine, event, text

from article.with_before_request import BeforeRequest
from common.auth import token_auth
from step2_database.models import db
from tests.helpers.apps import bearer, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.databases import connection_to
from tests.helpers.users import ALICE
from tests.step2_database.conftest import MakeApp, clock_of, tracker_of


@pytest.fixture
def backend() -> str:
    """What the form sends is the same everywhere, and request-3 is of SQLite alone."""
    return "sqlite"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def static_folder(tmp_path: Path) -> Path:
    """A folder with one stylesheet, for both apps."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "a.css").write_text("body {}", encoding="utf-8")
    return folder


@pytest.fixture
def usual(tmp_path: Path, static_folder: Path, clock: FakeClock) -> Iterator[BeforeRequest]:
    """The form on a database of its own, with three users as ours has, who were only just created."""
    url = f"sqlite:///{tmp_path}/before_request.sqlite?timeout=0"  # without a wait, so that the test is quick
    usual = BeforeRequest(url, clock, static_folder)
    with usual.app.app_context():
        usual.db.create_all()
        usual.db.session.add_all(usual.User(name=name) for name in ("alice", "bob", "carol"))
        usual.db.session.commit()
    yield usual
    with usual.app.app_context():
        usual.db.engine.dispose()


@pytest.fixture
def browser(usual: BeforeRequest) -> FlaskClient:
    """A browser in which alice has signed in to the form's app."""
    with usual.app.app_context():
        alice = usual.db.session.get_one(usual.User, 1)
    return usual.app.test_client(user=alice)


@pytest.fixture
def ours(make_app: MakeApp, static_folder: Path) -> Flask:
    """Our app with resolution 30, the same stylesheet, and a view that greets the user as the form's does."""
    app = make_app(ONLINE_RESOLUTION_SECONDS=30)
    app.static_folder = str(static_folder)

    @app.get("/hello")
    @token_auth.login_required
    def hello() -> str:
        return f"Hello, {token_auth.current_user().name}!"

    return app


def engine_of(app: Flask, db: SQLAlchemy) -> Engine:
    """Return the engine whose connections the app's requests use."""
    with app.app_context():
        return db.engine


@contextmanager
def sent_by(engine: Engine) -> Iterator[list[str]]:
    """Lend a list that fills with the first word of each statement on this engine, and with its commits."""
    sent: list[str] = []

    def note_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement.partition(" ")[0])

    def note_commit(_connection: Any) -> None:
        sent.append("COMMIT")

    engine.connect().close()  # what a new connection sends is no part of a request
    event.listen(engine, "before_cursor_execute", note_statement)
    event.listen(engine, "commit", note_commit)
    yield sent
    event.remove(engine, "before_cursor_execute", note_statement)
    event.remove(engine, "commit", note_commit)


@contextmanager
def sent_by_ours(app: Flask) -> Iterator[tuple[list[str], list[str]]]:
    """Lend two such lists: of the request's own engine, and of the one that writes marks."""
    with sent_by(engine_of(app, db)) as of_request, sent_by(tracker_of(app)._writing) as of_marks:
        yield of_request, of_marks


@pytest.mark.parametrize(("path", "status"), [("/static/a.css", 200), ("/nothing-is-here", 404)])
def test_request_1_a_stylesheet_and_a_404_load_and_mark_nobody(
    usual: BeforeRequest, browser: FlaskClient, ours: Flask, clock: FakeClock, path: str, status: int
) -> None:
    clock.advance(minutes=1)
    with sent_by(engine_of(usual.app, usual.db)) as sent, browser.get(path) as answer:
        assert answer.status_code == status
    assert sent == ["SELECT", "UPDATE", "COMMIT"]

    headers = bearer(token_of(ours, "alice"))
    clock_of(ours).advance(minutes=1)  # the next mark would write
    with sent_by_ours(ours) as both, ours.test_client().get(path, headers=headers) as answer:
        assert answer.status_code == status
    assert both == ([], [])


def test_request_2_a_view_costs_what_an_unmarked_one_costs(
    usual: BeforeRequest, browser: FlaskClient, ours: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(minutes=1)
    with sent_by(engine_of(usual.app, usual.db)) as sent:
        assert browser.get("/").text == "Hello, alice!"
    assert sent == ["SELECT", "UPDATE", "COMMIT", "SELECT"]

    headers = bearer(token_of(ours, "alice"))

    def statements() -> tuple[list[str], list[str]]:
        with sent_by_ours(ours) as both:
            assert ours.test_client().get("/hello", headers=headers).text == "Hello, alice!"
        return both

    clock_of(ours).advance(seconds=29)
    assert statements() == (["SELECT"], [])  # within the resolution
    clock_of(ours).advance(seconds=2)
    assert statements() == (["SELECT"], ["UPDATE", "COMMIT"])  # beyond it, on a connection of its own
    monkeypatch.setattr(tracker_of(ours), "mark_online", lambda user: None)
    assert statements() == (["SELECT"], [])  # unmarked


def test_request_3_another_writer_fails_no_request(
    usual: BeforeRequest,
    browser: FlaskClient,
    ours: Flask,
    clock: FakeClock,
    database: URL,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock.advance(minutes=1)
    with connection_to(engine_of(usual.app, usual.db).url, isolation_level="AUTOCOMMIT") as writer:
        writer.execute(text("BEGIN IMMEDIATE"))
        assert browser.get("/").status_code == 500
        writer.execute(text("ROLLBACK"))
    assert "database is locked" in caplog.text
    assert browser.get("/").status_code == 200

    headers = bearer(token_of(ours, "alice"))
    signed_in_at = clock_of(ours).now
    clock_of(ours).advance(minutes=1)
    with connection_to(database, isolation_level="AUTOCOMMIT") as writer:
        writer.execute(text("BEGIN IMMEDIATE"))
        # the mark waits for half a second and then gives up, alone
        assert ours.test_client().get("/hello", headers=headers).status_code == 200
        writer.execute(text("ROLLBACK"))
    assert tracker_of(ours).last_seen(ALICE) == signed_in_at


def test_request_4_users_who_were_only_just_created_are_not_online(usual: BeforeRequest, ours: Flask) -> None:
    with usual.app.app_context():
        assert (usual.get_online(), tracker_of(ours).get_online()) == (3, 0)
