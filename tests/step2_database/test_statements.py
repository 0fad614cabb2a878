"""How many statements each thing costs, exactly, and that a mark leaves the request's session alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Column, Integer, MetaData, String, Table, inspect

from common.presence import record
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from step2_database.utc_datetime import UtcDateTime
from tests.helpers.apps import bearer, token_of
from tests.helpers.users import ALICE
from tests.step2_database.conftest import MakeApp, clock_of, noted, tracker_of

MARK = "UPDATE users SET last_seen="


@pytest.fixture
def sent(app: Flask) -> Iterator[list[str]]:
    """All statements of the app, those of its presence included."""
    with noted(app) as statements:
        yield statements


def test_a_mark_is_one_update_of_one_column(app: Flask, sent: list[str]) -> None:
    tracker_of(app).mark_online(ALICE)
    (update,) = sent
    assert update.startswith(MARK) and update.count("=") == 2  # the column, and the id
    assert "last_seen IS NULL OR users.last_seen <" in update


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


def test_a_count_is_one_select(app: Flask, sent: list[str]) -> None:
    for window in (None, timedelta(days=3)):
        tracker_of(app).get_online(window)
    assert sent == [sent[0]] * 2
    assert sent[0].startswith("SELECT count(*)")


def test_a_list_is_one_select(app: Flask, sent: list[str]) -> None:
    for name in ("alice", "bob"):
        token_of(app, name)
    sent.clear()
    assert len(tracker_of(app).online_users()) == 2
    assert len(sent) == 1 and sent[0].startswith("SELECT")


def test_last_seen_is_one_select(app: Flask, sent: list[str]) -> None:
    tracker_of(app).last_seen(ALICE)
    assert len(sent) == 1 and sent[0].startswith("SELECT")


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
    for statement in (tracker._mark, tracker._count, tracker._newest, tracker._last_seen):
        assert statement._generate_cache_key() is not None  # without a key, each call compiles anew


def test_a_mark_neither_commits_nor_flushes_nor_expires_nor_reloads(app: Flask, sent: list[str]) -> None:
    with app.app_context():
        alice = db.session.get_one(User, 1)
        bob = db.session.get_one(User, 2)
        bob.name = "robert"  # the view's half-done work
        sent.clear()
        record(alice)
        assert [statement.split()[0] for statement in sent] == ["UPDATE"] and sent[0].startswith(MARK)
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
        assert [statement.split()[0] for statement in sent] == ["UPDATE"]


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
    assert "changed_by" not in sent[0]
    assert lifted.get_online() == 1


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_table_in_a_schema_is_found_there(app: Flask, sent: list[str]) -> None:
    users = Table("users", MetaData(schema="main"), Column("id", Integer), Column("last_seen", UtcDateTime))
    tracker = tracker_of(app)
    DatabaseTracker(users, writing=tracker._writing, reading=tracker._reading).mark_online(ALICE)
    assert sent[0].startswith("UPDATE main.users ")


def test_a_user_who_was_deleted_meanwhile_is_nobody(app: Flask) -> None:
    class Gone:
        id = 4711

    tracker_of(app).mark_online(Gone())
    assert tracker_of(app).get_online() == 0
