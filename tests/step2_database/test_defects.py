"""One test for each defect of the article's column: it fails there, and ours passes.

database-3 on a real PostgreSQL is in test_time_zones.py, the migration of database-9 in test_migration.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import URL, Connection, event, insert, text
from sqlalchemy.exc import LegacyAPIWarning, OperationalError

from article.with_column import ArticleColumn
from common.presence import record
from step2_database.models import User, db
from tests.helpers.apps import bearer, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.databases import connection_to
from tests.helpers.started_steps import ROOT
from tests.helpers.users import ALICE
from tests.step2_database.conftest import clock_of, noted, tracker_of

SOURCES = [path for path in (ROOT / "step2_database").rglob("*.py") if "migrations" not in path.parts]


@pytest.fixture
def backend() -> str:
    """Where nothing else is said, a file is enough to see the defect."""
    return "sqlite"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def article(tmp_path: Path, backend: str, database: URL, clock: FakeClock) -> Iterator[ArticleColumn]:
    """The article's form on a database of its own, with the user alice whom somebody has seen now."""
    url = f"sqlite:///{tmp_path}/article.sqlite?timeout=0" if backend == "sqlite" else database
    article = ArticleColumn(url, clock)
    with article.app.app_context():
        article.db.create_all()
        article.User(name="alice").save()
        yield article
        article.db.session.remove()
        article.db.engine.dispose()


@pytest.fixture
def ours(app: Flask, clock: FakeClock) -> Flask:
    """Our app with the article's clock."""
    tracker_of(app)._clock = clock
    return app


def test_database_1_five_minutes_are_not_five_days(
    article: ArticleColumn, ours: Flask, clock: FakeClock
) -> None:
    article.mark_online(article.User.query.one())
    tracker_of(ours).mark_online(ALICE)
    clock.advance(days=4)
    assert (article.get_online(), tracker_of(ours).get_online()) == (1, 0)
    assert tracker_of(ours).get_online(timedelta(days=5)) == 1
    with pytest.raises(TypeError, match="a window has a unit"):
        tracker_of(ours).get_online(5)  # type: ignore[arg-type]


def test_database_2_a_user_who_never_came_is_not_online(article: ArticleColumn, ours: Flask) -> None:
    assert article.get_online() == 1  # alice was only just created
    assert tracker_of(ours).get_online() == 0
    assert tracker_of(ours).last_seen(ALICE) is None


def test_database_3_a_time_that_is_read_can_be_reckoned_with(
    article: ArticleColumn, ours: Flask, clock: FakeClock
) -> None:
    now = datetime.fromtimestamp(clock(), UTC)
    article.mark_online(article.User.query.one())
    with pytest.raises(TypeError, match="offset-naive and offset-aware"):
        now - article.User.query.one().lastseen
    tracker_of(ours).mark_online(ALICE)
    seen = tracker_of(ours).last_seen(ALICE)
    assert seen is not None and now - seen == timedelta(0)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql", "mysql"])
def test_database_4_a_count_looks_only_at_those_it_counts(
    article: ArticleColumn, ours: Flask, backend: str
) -> None:
    yesterday = datetime(2026, 1, 30, 8, 0, tzinfo=UTC)
    many = [
        {"id": n, "name": f"user {n}", "lastseen": yesterday.replace(tzinfo=None)} for n in range(10, 2010)
    ]
    with article.app.app_context(), article.db.engine.connect() as connection:
        connection.execute(insert(article.User), many)
        assert "ix_" not in plan(connection, "user", "lastseen")
    many = [{**row, "password_hash": "", "active": True, "last_seen": yesterday} for row in many]
    with ours.app_context(), db.engine.connect() as connection:
        connection.execute(insert(User), many)
        assert "ix_users_last_seen" in plan(connection, "users", "last_seen")


def plan(connection: Connection, table: str, column: str) -> str:
    """How the database would count the few who were seen in the last five minutes."""
    connection.commit()
    name = connection.dialect.identifier_preparer.quote_identifier(table)
    mysql = connection.dialect.name in ("mysql", "mariadb")
    connection.execute(text(f"ANALYZE TABLE {name}" if mysql else "ANALYZE"))
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    count = f"SELECT count(*) FROM {name} WHERE {column} > '2026-01-31 07:55'"
    return "\n".join(str(row) for row in connection.execute(text(f"{explain} {count}")))


def test_database_5_a_mark_leaves_the_half_done_work_of_the_request_alone(
    article: ArticleColumn, ours: Flask, clock: FakeClock
) -> None:
    article.User(name="bob").save()
    alice, bob = article.User.query.order_by("id")
    bob.name = "half done"
    article.mark_online(alice)
    article.db.session.rollback()  # the view thinks better of it: too late
    assert article.User.query.order_by("id").all()[1].name == "half done"

    with ours.app_context():
        alice, bob = db.session.get_one(User, 1), db.session.get_one(User, 2)
        bob.name = "half done"
        record(alice)
        db.session.rollback()
        assert db.session.get_one(User, 2).name == "bob"


def test_database_5_a_request_costs_one_update_more_and_not_four_statements(
    article: ArticleColumn, ours: Flask, clock: FakeClock
) -> None:
    alice = article.User.query.one()
    sent: list[str] = []
    event.listen(article.db.engine, "before_cursor_execute", lambda *of: sent.append(of[2].split()[0]))
    event.listen(article.db.engine, "commit", lambda _: sent.append("COMMIT"))
    clock.advance(seconds=1)
    article.mark_online(alice)
    assert alice.name == "alice"  # the view reads the user, whom the commit has expired
    assert sent == ["UPDATE", "COMMIT", "SELECT"]  # beside the SELECT of whoever loaded alice

    with ours.app_context():
        alice = db.session.get_one(User, 1)
        with noted(ours) as sent:
            record(alice)
            assert alice.name == "alice"
    assert [statement.split()[0] for statement in sent] == ["UPDATE"]


def test_database_6_datetime_means_one_thing(clock: FakeClock) -> None:
    both = "import datetime\nfrom datetime import datetime, timedelta\ndatetime.datetime.now"
    with pytest.raises(AttributeError):
        exec(both, {})
    for path in SOURCES:
        modules = [
            node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import)
        ]
        assert "datetime" not in [alias.name for module in modules for alias in module.names]


def test_database_7_nothing_legacy_is_called(article: ArticleColumn) -> None:
    with pytest.raises(LegacyAPIWarning):
        article.User.query.get(1)
    for path in SOURCES:
        called = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Attribute)
        }
        assert not called & {"utcnow", "utcfromtimestamp", "query", "filter_by"}, path


@pytest.mark.parametrize("backend", ["postgresql"])
def test_database_8_the_table_is_no_function_of_postgresql(ours: Flask) -> None:
    with ours.app_context(), db.engine.connect() as connection:
        connection.execute(text('CREATE TABLE IF NOT EXISTS "user" (id int)'))  # the article's table
        role = connection.execute(text("SELECT current_user")).scalar_one()
        who_asks = connection.execute(text("SELECT * FROM user")).all()  # and no row of the table
        assert who_asks == [(role,)]
        assert len(connection.execute(text(f"SELECT * FROM {User.__tablename__}")).all()) == 3


def test_database_9_creating_tables_adds_no_column_and_init_db_says_so(ours: Flask) -> None:
    with ours.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_users_last_seen"))
        connection.execute(text("ALTER TABLE users DROP COLUMN last_seen"))  # the table as step 1 has it
    with ours.app_context():
        db.create_all()
        with pytest.raises(OperationalError, match=r"no such column: users\.last_seen"):
            db.session.get(User, 1)
    result = ours.test_cli_runner().invoke(args=["init-db"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: Migrate the database, it lacks users.last_seen")


def test_database_10_a_writer_that_is_at_work_fails_no_request(
    article: ArticleColumn, ours: Flask, clock: FakeClock, database: URL
) -> None:
    alice = article.User.query.one()
    clock.advance(seconds=1)
    path = article.db.engine.url.database
    with connection_to(f"sqlite:///{path}", isolation_level="AUTOCOMMIT") as writer:
        writer.execute(text("BEGIN IMMEDIATE"))
        with pytest.raises(OperationalError, match="database is locked"):
            article.mark_online(alice)
        writer.execute(text("ROLLBACK"))
    article.db.session.rollback()

    token = token_of(ours, "alice")
    clock_of(ours).advance(seconds=1)
    with connection_to(database, isolation_level="AUTOCOMMIT") as writer:
        writer.execute(text("BEGIN IMMEDIATE"))
        writer.execute(text("UPDATE users SET name = 'robert' WHERE id = 2"))
        # WAL: this reads while another writes; and the mark waits for its turn, then lets the request go on
        assert ours.test_client().get("/api/me", headers=bearer(token)).status_code == 200
        writer.execute(text("ROLLBACK"))
