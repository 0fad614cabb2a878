"""Presence's own connections: a mark is kept whatever the app's engine is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, Connection, Engine, create_engine, event, text

import step2_database.engine
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from tests.helpers.apps import bearer, token_of
from tests.helpers.databases import connection_to
from tests.helpers.users import ALICE
from tests.step2_database.conftest import MakeApp, clock_of, noted, tracker_of


def test_an_isolation_level_in_the_execution_options_costs_no_mark(make_app: MakeApp, backend: str) -> None:
    level = "SERIALIZABLE" if backend == "sqlite" else "REPEATABLE READ"
    app = make_app(SQLALCHEMY_ENGINE_OPTIONS={"execution_options": {"isolation_level": level}})
    token = token_of(app, "alice")
    client = app.test_client()
    assert client.get("/api/online").json["online"] == 1  # type: ignore[index]
    clock_of(app).advance(minutes=4)
    assert client.get("/api/me", headers=bearer(token)).status_code == 200
    clock_of(app).advance(minutes=4)
    assert client.get("/api/online").json["online"] == 1  # type: ignore[index]


@pytest.mark.parametrize("options", [{}, {"isolation_level": "SERIALIZABLE"}])
@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_engine_that_would_keep_no_mark_is_refused_at_the_start(
    app: Flask, database: URL, options: dict[str, Any]
) -> None:
    users = User.metadata.tables["users"]
    reading = tracker_of(app)._reading
    for engine in (create_engine(database, **options), create_engine(database, execution_options=options)):
        with pytest.raises(
            ValueError,
            match=r"^the engine for marks is not in AUTOCOMMIT, and would keep no mark: make it so$",
        ):
            DatabaseTracker(users, writing=engine, reading=reading)
    by_option = create_engine(database).execution_options(isolation_level="AUTOCOMMIT")
    assert DatabaseTracker(users, writing=by_option, reading=reading).window


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_engine_that_does_not_show_its_level_is_trusted(app: Flask, database: URL) -> None:
    """What shows it is private to SQLAlchemy, and may have another name in the next release."""
    engine = create_engine(database)
    del engine.dialect._on_connect_isolation_level
    users = User.metadata.tables["users"]
    assert DatabaseTracker(users, writing=engine, reading=engine).window


@pytest.fixture
def begins_every_transaction() -> Iterator[None]:
    """The recipe of SQLAlchemy's documentation for SQLite, on the class, as an app may have it."""

    def no_begin_of_pysqlites_own(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    event.listen(Engine, "connect", no_begin_of_pysqlites_own)
    event.listen(Engine, "begin", begin)
    yield
    event.remove(Engine, "begin", begin)
    event.remove(Engine, "connect", no_begin_of_pysqlites_own)


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.usefixtures("begins_every_transaction")
def test_where_each_transaction_begins_with_begin_a_mark_ends_its_own(
    make_app: MakeApp, database: URL
) -> None:
    app = make_app()
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]
    with app.app_context():  # a transaction of presence that stayed open would hold this up
        db.session.execute(db.update(User).values(active=True))
        db.session.commit()
    with connection_to(database, connect_args={"timeout": 0}) as other:
        other.execute(text("UPDATE users SET active = active"))
        other.commit()


def close_idle_connections(app: Flask, database: URL) -> None:
    """End all connections of presence as a server or a firewall does: only their next use shows it."""
    tracker = tracker_of(app)
    ids = []
    for engine in (tracker._writing, tracker._reading):
        ask = "pg_backend_pid()" if engine.dialect.name == "postgresql" else "connection_id()"
        with engine.connect() as connection:
            ids.append(connection.exec_driver_sql(f"SELECT {ask}").scalar_one())
    end = "SELECT pg_terminate_backend({})" if engine.dialect.name == "postgresql" else "KILL {}"
    with connection_to(database, isolation_level="AUTOCOMMIT") as admin:
        for each in ids:
            admin.exec_driver_sql(end.format(each))


@pytest.mark.parametrize("backend", ["postgresql", "mysql"])
def test_a_connection_that_was_closed_while_idle_loses_no_mark_and_no_count(
    app: Flask, database: URL, caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(app, "alice")
    client = app.test_client()
    for _ in range(2):
        close_idle_connections(app, database)
        clock_of(app).advance(minutes=4)
        me = client.get("/api/me", headers=bearer(token)).json
        assert me["last_seen"] == clock_of(app).now.isoformat()  # type: ignore[index]
        assert client.get("/api/online").json["online"] == 1  # type: ignore[index]
    assert caplog.records == []


@pytest.mark.parametrize("backend", ["mysql"])
def test_a_statement_that_waits_too_long_is_not_waited_for_twice(app: Flask, database: URL) -> None:
    tracker = tracker_of(app)
    with connection_to(database) as other:
        other.execute(text("UPDATE users SET active = active WHERE id = 1"))
        with noted(app) as sent, pytest.raises(tracker.outages):
            tracker.mark_online(ALICE)
        assert len(sent) == 1
        other.rollback()


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_an_older_sqlalchemy_keeps_marks_too(
    make_app: MakeApp, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step2_database.engine, "SKIPS_ROLLBACK", False)
    app = make_app()
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]


def test_the_rollback_is_skipped_where_it_would_be_a_round_trip(app: Flask, backend: str) -> None:
    with app.app_context():
        engine = presence_engine(db.engine, {}, wait_seconds=1, ping=False)
    assert engine.dialect.skip_autocommit_rollback == (backend != "sqlite")


@pytest.mark.parametrize("option", ["creator", "pool", "strategy"])
@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_engine_option_that_removes_the_bounds_is_refused(app: Flask, option: str) -> None:
    sentence = f"^the engine option {option} leaves no wait bounded: do without it$"
    with app.app_context(), pytest.raises(ValueError, match=sentence):
        presence_engine(db.engine, {option: None}, wait_seconds=1, ping=False)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_of_the_execution_options_only_the_isolation_level_is_left_out(app: Flask) -> None:
    options = {"execution_options": {"isolation_level": "SERIALIZABLE", "logging_token": "shop"}}
    with app.app_context():
        engine = presence_engine(db.engine, options, wait_seconds=1, ping=False)
    assert engine.get_execution_options() == {"logging_token": "shop"}
    assert options["execution_options"]["isolation_level"] == "SERIALIZABLE"  # the app's own are as they were
