"""A mark that cannot be written: one warning, a bounded wait, and then nothing while the outage lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import URL, Engine, NullPool, QueuePool, event, text
from werkzeug.test import TestResponse

from step2_database.app import create_app
from step2_database.engine import presence_engine
from step2_database.models import User, db
from tests.helpers.apps import bearer, own_retry_clock, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.databases import connection_to
from tests.helpers.users import ALICE
from tests.step2_database.conftest import MakeApp, clock_of, noted, tracker_of

MUST_END_WITHIN = 4  # seconds; untold, SQLite would wait for 5, MySQL for 50, PostgreSQL for ever


def ask_me(app: Flask, token: str) -> TestResponse:
    """Send an authenticated request, and fail if it hangs."""
    answers: list[TestResponse] = []
    request = Thread(
        target=lambda: answers.append(app.test_client().get("/api/me", headers=bearer(token))), daemon=True
    )
    request.start()
    request.join(MUST_END_WITHIN)
    assert answers, "the request is held up"
    return answers[0]


@contextmanager
def alices_row_locked(url: URL) -> Iterator[None]:
    """Hold a transaction that has changed alice's row and does not end."""
    with connection_to(url) as connection:
        connection.execute(text("UPDATE users SET active = active WHERE id = 1"))
        yield
        connection.rollback()


@contextmanager
def noted_arguments(engine: Engine) -> Iterator[dict[str, Any]]:
    """Close the engine's connections, and lend the arguments with which it opens the next."""
    arguments: dict[str, Any] = {}

    @event.listens_for(engine, "do_connect")
    def note(_dialect: Any, _record: Any, _args: Any, keywords: dict[str, Any]) -> None:
        arguments.update(keywords)

    engine.dispose()
    yield arguments


@pytest.fixture
def retry_clock(app: Flask) -> FakeClock:
    """The clock by which the store is left alone after a failure."""
    return own_retry_clock(app)


def test_a_locked_row_costs_one_warning_and_then_nothing_until_it_is_free(
    app: Flask, database: URL, retry_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(app, "alice")
    client = app.test_client()
    clock_of(app).advance(seconds=1)
    with alices_row_locked(database):
        assert ask_me(app, token).json == {"id": 1, "name": "alice", "last_seen": None}
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "presence store fails" in caplog.text

        with noted(app) as sent:
            assert ask_me(app, token).status_code == 200
            assert client.get("/api/online").status_code == 503
        assert len(sent) == 1 and sent[0].startswith("SELECT")  # the user's, and none of presence
        assert len(caplog.records) == 1

        retry_clock.advance(seconds=5)
        assert ask_me(app, token).status_code == 200  # the one that tries again
        assert len(caplog.records) == 1
    retry_clock.advance(seconds=5)
    assert ask_me(app, token).json["last_seen"] is not None  # type: ignore[index]
    assert client.get("/api/online").json["online"] == 1  # type: ignore[index]


@pytest.mark.parametrize("backend", ["postgresql", "mysql"])  # SQLite locks the whole database
def test_while_one_row_is_locked_another_user_is_marked(app: Flask, database: URL) -> None:
    with alices_row_locked(database):
        token_of(app, "bob")
        assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]


@pytest.fixture
def read_only(backend: str, database: URL) -> dict[str, Any]:
    """Settings with which nothing can be written."""
    if backend == "sqlite":
        return {"url": f"sqlite:///file:{database.database}?mode=ro&uri=true"}
    if backend == "postgresql":
        options = f"{database.query['options']} -c default_transaction_read_only=on"
        return {"url": database.update_query_dict({"options": options})}
    needs = {"connect_args": {"init_command": "SET SESSION TRANSACTION READ ONLY"}}
    return {"SQLALCHEMY_ENGINE_OPTIONS": needs}


def test_a_database_that_takes_no_writes_fails_no_request(
    app: Flask, make_app: MakeApp, read_only: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(app, "alice")
    reading = make_app(**read_only)
    clock_of(reading).advance(seconds=1)
    for _ in range(2):
        answer = ask_me(reading, token)
        assert (answer.status_code, answer.json["last_seen"]) == (200, None)  # type: ignore[index]
    assert reading.test_client().get("/api/online").status_code == 503
    assert len(caplog.records) == 1


def test_a_mark_that_resolution_spares_ends_no_outage(
    app: Flask, make_app: MakeApp, read_only: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    tokens = {name: token_of(app, name) for name in ("alice", "bob")}
    reading = make_app(**read_only, ONLINE_RESOLUTION_SECONDS=30)
    retry_clock = own_retry_clock(reading)
    with app.app_context():
        db.session.execute(db.update(User).where(User.name == "alice").values(last_seen=None))
        db.session.commit()
    for name in ("alice", "bob", "alice"):  # bob was seen just now, and needs no write
        assert ask_me(reading, tokens[name]).status_code == 200
        assert reading.test_client().get("/api/online").status_code == 503
        retry_clock.advance(seconds=5)
    assert len(caplog.records) == 1


def test_a_mark_that_finds_no_free_connection_is_given_up(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(app, "alice")
    clock_of(app).advance(seconds=1)
    with ExitStack() as busy:
        for _ in range(tracker_of(app)._writing.pool.size()):  # type: ignore[attr-defined]
            busy.enter_context(tracker_of(app)._writing.connect())
        assert ask_me(app, token).status_code == 200
    assert "QueuePool limit" in caplog.text


def test_a_slow_count_delays_no_mark(app: Flask) -> None:
    with ExitStack() as busy:
        for _ in range(tracker_of(app)._reading.pool.size()):  # type: ignore[attr-defined]
            busy.enter_context(tracker_of(app)._reading.connect())
        token_of(app, "alice")
    assert tracker_of(app).last_seen(ALICE) == clock_of(app).now


def test_marks_that_wait_delay_no_read(app: Flask) -> None:
    tracker = tracker_of(app)
    tracker.mark_online(ALICE)
    with ExitStack() as busy:
        for _ in range(tracker._writing.pool.size()):  # type: ignore[attr-defined]
            busy.enter_context(tracker._writing.connect())
        assert tracker.get_online() == 1
        assert tracker.online_users() == [(ALICE.id, clock_of(app).now)]
        assert tracker.last_seen(ALICE) == clock_of(app).now


def test_a_pool_of_one_connection_is_enough_for_a_request(make_app: MakeApp) -> None:
    """A mark in a second connection of the request's pool would wait for the request itself."""
    app = make_app(SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1})
    token = token_of(app, "alice")
    answer = app.test_client().get("/api/online/users", headers=bearer(token))
    assert [user["name"] for user in answer.json["users"]] == ["alice"]  # type: ignore[index]


class Bounds(NamedTuple):
    """What a connection of one engine is told: by statements, and by the driver's arguments."""

    told: dict[str, str]
    arguments: dict[str, Any]


WRITING = {
    "sqlite": Bounds({"PRAGMA busy_timeout": "500", "PRAGMA synchronous": "1"}, {"timeout": 0.5}),  # NORMAL
    "postgresql": Bounds(
        {"SHOW statement_timeout": "500ms", "SHOW synchronous_commit": "off"},
        {"connect_timeout": 2, "tcp_user_timeout": 500},
    ),
    "mysql": Bounds(
        {"SELECT @@innodb_lock_wait_timeout": "1"},
        {"connect_timeout": 0.5, "read_timeout": 0.5, "write_timeout": 0.5},
    ),
}
READING = {
    "sqlite": Bounds({"PRAGMA busy_timeout": "2000"}, {"timeout": 2}),
    "postgresql": Bounds({"SHOW statement_timeout": "2s"}, {"connect_timeout": 2, "tcp_user_timeout": 2000}),
    "mysql": Bounds(
        {"SELECT @@innodb_lock_wait_timeout": "1"},
        {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2},
    ),
}


def test_each_new_connection_is_told_how_long_it_may_wait(app: Flask, backend: str) -> None:
    assert_bounds(tracker_of(app)._writing, WRITING[backend])
    assert_bounds(tracker_of(app)._reading, READING[backend])


@pytest.mark.parametrize("backend", ["sqlite"])
def test_each_engine_has_five_connections_and_only_the_one_that_reads_tries_them_first(app: Flask) -> None:
    for engine, wait, ping in ((tracker_of(app)._writing, 0.5, False), (tracker_of(app)._reading, 2, True)):
        pool: Any = engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.size(), pool._max_overflow, pool._timeout, pool._recycle) == (5, 0, wait, 1800)
        assert pool._pre_ping == ping


@pytest.mark.slow  # psycopg2 is for maintainers: the extra "dev" installs it
@pytest.mark.parametrize("backend", ["postgresql"])
def test_psycopg2_is_told_the_same_as_psycopg(make_app: MakeApp, database: URL, backend: str) -> None:
    app = make_app(database.set(drivername="postgresql+psycopg2"))
    assert_bounds(tracker_of(app)._writing, WRITING[backend])
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]


def assert_bounds(engine: Engine, bounds: Bounds) -> None:
    """Look at a new connection, and at the arguments that opened it."""
    with noted_arguments(engine) as arguments, engine.connect() as connection:
        told = {asked: str(connection.exec_driver_sql(asked).scalar()) for asked in bounds.told}
    assert told == bounds.told
    assert arguments.items() >= bounds.arguments.items()


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_a_deployers_driver_needs_reaches_presence_too_but_may_not_keep_it_waiting(
    make_app: MakeApp,
) -> None:
    app = make_app(SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"timeout": 30, "cached_statements": 7}})
    for engine in (tracker_of(app)._writing, tracker_of(app)._reading):
        with noted_arguments(engine) as arguments, engine.connect() as connection:
            assert int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()) <= 2000
        assert arguments["cached_statements"] == 7


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_deployer_may_have_no_arguments_for_the_driver(make_app: MakeApp) -> None:
    app = make_app(SQLALCHEMY_ENGINE_OPTIONS={"connect_args": None})
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_deployers_engine_options_reach_presence_but_for_its_own(make_app: MakeApp) -> None:
    app = make_app(
        SQLALCHEMY_ECHO=True,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_recycle": 60, "poolclass": NullPool},
    )
    pool: Any = tracker_of(app)._writing.pool
    assert (pool._recycle, pool.size()) == (60, 5)
    assert tracker_of(app)._writing.echo


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("sqlite://", "one connection only: name a file."),
        ("sqlite:///:memory:", "one connection only: name a file."),
        ("sqlite:///file::memory:?uri=true", "one connection only: name a file."),
        pytest.param(
            "sqlite:///file:x?mode=memory&cache=shared&uri=true",
            "one connection only: name a file.",
            marks=pytest.mark.filterwarnings("ignore:Selection of the SingletonThreadPool"),
        ),
        ("postgresql+pg8000://host/users", "names no usable database"),
        ("sqlite+pysqlcipher://:key@/users.sqlite", "no usable database"),
    ],
)
def test_a_database_unfit_for_presence_is_refused_in_one_sentence(
    address: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        create_app({"SECRET_KEY": "a key", "SQLALCHEMY_DATABASE_URI": address})
    refusal = capsys.readouterr().err
    assert sentence in refusal and refusal.count("\n") == 1


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_driver_whose_waits_cannot_be_bounded_is_refused(app: Flask, database: URL) -> None:
    class Unknown:
        url = database.set(drivername="sqlite+aiosqlite")

    with pytest.raises(ValueError, match="the waits of aiosqlite cannot be bounded"):
        presence_engine(Unknown(), {}, wait_seconds=1, ping=False)  # type: ignore[arg-type]
