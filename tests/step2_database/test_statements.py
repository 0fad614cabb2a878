"""How many statements each thing costs, exactly, and that a mark leaves the request's session alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, event, inspect
from sqlalchemy.engine.interfaces import CacheStats

from common.presence import record
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from step2_database.utc_datetime import UtcDateTime
from tests.helpers.apps import bearer, token_of
from tests.helpers.users import ALICE, BOB, Someone
from tests.step2_database.conftest import MakeApp, clock_of, noted, tracker_of

MARK = "UPDATE users SET last_seen=? WHERE users.id = ? AND (users.last_seen IS NULL OR users.last_seen < ?)"
COUNT = "SELECT count(*) AS count_1 FROM users WHERE users.last_seen > ?"
LIST = (
    "SELECT users.id, users.last_seen FROM users "
    "WHERE users.last_seen > ? ORDER BY users.last_seen DESC LIMIT ?"
)
LAST_SEEN = "SELECT users.last_seen FROM users WHERE users.id = ?"
PARAMETER = re.compile(r"%\(\w+\)s(::TIMESTAMP WITH TIME ZONE|::INTEGER)?")  # on a server


def read(sent: list[str]) -> list[str]:
    """Return the statements in one way of writing, whatever the database."""
    return [PARAMETER.sub("?", statement).replace("LIMIT ? OFFSET ?", "LIMIT ?") for statement in sent]


@pytest.fixture
def sent(app: Flask) -> Iterator[list[str]]:
    """All statements of the app, those of its presence included."""
    with noted(app) as statements:
        yield statements


def test_a_mark_is_one_update_of_one_column(app: Flask, sent: list[str]) -> None:
    tracker_of(app).mark_online(ALICE)
    assert read(sent) == [MARK]


@pytest.mark.parametrize("backend", ["mysql"])
def test_nothing_else_goes_over_the_wire_either(app: Flask) -> None:
    """The server's own count of what it was asked; drivers and pools send some of their own."""

    def questions() -> int:
        with tracker_of(app)._writing.connect() as connection:
            return int(connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Questions'").one()[1])

    before = questions()
    for _ in range(3):
        clock_of(app).advance(seconds=1)
        tracker_of(app).mark_online(ALICE)
    assert questions() - before == 3 + 1  # and the question itself


def test_each_read_is_one_select(app: Flask, sent: list[str]) -> None:
    tracker = tracker_of(app)
    tracker.get_online()
    tracker.get_online(timedelta(days=3))
    tracker.online_users()
    tracker.last_seen(ALICE)
    assert read(sent) == [COUNT, COUNT, LIST, LAST_SEEN]


def test_a_request_within_the_resolution_sends_what_an_unmarked_one_sends(make_app: MakeApp) -> None:
    app = make_app(ONLINE_RESOLUTION_SECONDS=30)
    headers = bearer(token_of(app, "alice"))

    def statements_after(seconds: float) -> list[str]:
        clock_of(app).advance(seconds=seconds)
        with noted(app) as sent:
            assert app.test_client().get("/api/me", headers=headers).status_code == 200
        return [statement.split()[0] for statement in sent]

    # the first SELECT is the user's, the last is what /api/me is there to tell
    assert statements_after(0) == ["SELECT", "SELECT"]
    assert statements_after(30) == ["SELECT", "SELECT"]
    assert statements_after(0.000001) == ["SELECT", "UPDATE", "SELECT"]
    assert statements_after(0) == ["SELECT", "SELECT"]
    assert statements_after(30.000001) == ["SELECT", "UPDATE", "SELECT"]


def test_of_two_workers_that_have_loaded_the_user_only_one_writes(make_app: MakeApp) -> None:
    app = make_app(ONLINE_RESOLUTION_SECONDS=30)
    tracker = tracker_of(app)
    tracker.mark_online(ALICE)
    first = tracker.last_seen(ALICE)
    clock_of(app).advance(seconds=30)
    tracker.mark_online(ALICE)  # ALICE has no last_seen loaded: only the database can know
    assert tracker.last_seen(ALICE) == first
    clock_of(app).advance(microseconds=1)
    tracker.mark_online(ALICE)
    assert tracker.last_seen(ALICE) == clock_of(app).now


def test_each_statement_is_compiled_once(app: Flask) -> None:
    tracker = tracker_of(app)
    compiled: list[bool] = []

    def note(
        _connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _: bool
    ) -> None:
        compiled.append(context.cache_hit is not CacheStats.CACHE_HIT)

    def call_all(user: Someone, window: timedelta, limit: int) -> None:
        tracker.mark_online(user)
        tracker.get_online(window)
        tracker.online_users(window, limit)
        tracker.last_seen(user)

    call_all(ALICE, timedelta(minutes=5), 100)
    for engine in (tracker._writing, tracker._reading):
        event.listen(engine, "before_cursor_execute", note)
    call_all(BOB, timedelta(days=3), 7)
    assert compiled == [False] * 4


def test_a_mark_tries_no_connection_before_it_uses_it_and_a_read_does(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = tracker_of(app)
    pinged: list[object] = []

    def note_pings_of(engine: Engine) -> None:
        engine.connect().close()
        ping = engine.dialect.do_ping

        def note(connection: Any) -> bool:
            pinged.append(engine)
            return ping(connection)

        monkeypatch.setattr(engine.dialect, "do_ping", note)

    for engine in (tracker._writing, tracker._reading):
        note_pings_of(engine)
    tracker.mark_online(ALICE)
    assert pinged == []
    tracker.get_online()
    assert pinged == [tracker._reading]


def test_a_mark_neither_commits_nor_flushes_nor_expires_nor_reloads(app: Flask, sent: list[str]) -> None:
    with app.app_context():
        alice = db.session.get_one(User, 1)
        bob = db.session.get_one(User, 2)
        bob.name = "robert"  # the view's half-done work
        sent.clear()
        record(alice)
        assert read(sent) == [MARK]
        assert bob in db.session.dirty
        assert not inspect(alice).expired_attributes
        assert alice.last_seen is None  # as loaded
        db.session.rollback()
        assert db.session.get_one(User, 2).name == "bob"


def test_what_is_not_loaded_is_not_loaded_for_a_mark(app: Flask, sent: list[str]) -> None:
    with app.app_context():
        alice = db.session.get_one(User, 1)
        db.session.expire(alice, ["last_seen"])
        sent.clear()
        record(alice)
        assert read(sent) == [MARK]


def test_a_column_with_an_onupdate_default_is_left_alone(app: Flask, sent: list[str]) -> None:
    """A mark is no change to the user that anyone made."""
    users = Table(
        "users",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("last_seen", UtcDateTime),
        Column("changed_by", String(20), onupdate="somebody"),
    )
    tracker = tracker_of(app)
    lifted = DatabaseTracker(users, writing=tracker._writing, reading=tracker._reading)
    lifted.mark_online(ALICE)
    assert read(sent) == [MARK]
    assert lifted.get_online() == 1


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_table_in_a_schema_is_found_there(app: Flask, sent: list[str]) -> None:
    users = Table("users", MetaData(schema="main"), Column("id", Integer), Column("last_seen", UtcDateTime))
    tracker = tracker_of(app)
    DatabaseTracker(users, writing=tracker._writing, reading=tracker._reading).mark_online(ALICE)
    assert read(sent) == [MARK.replace("users", "main.users")]


def test_a_user_who_was_deleted_meanwhile_is_nobody(app: Flask) -> None:
    class Gone:
        id = 4711

    tracker_of(app).mark_online(Gone())
    assert tracker_of(app).get_online() == 0
    assert tracker_of(app).last_seen(Gone()) is None
