"""database-9: the users' table of step 1 gains the column, and loses nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import URL, inspect, text
from werkzeug.security import generate_password_hash

from step2_database.models import db
from tests.helpers.apps import QUICK_HASH, bearer, token_of
from tests.helpers.started_steps import ROOT
from tests.step2_database.conftest import MakeApp

AS_STEP_1_HAS_IT = (
    "CREATE TABLE users (id {id}, name VARCHAR(80) NOT NULL, "
    "password_hash VARCHAR(255) NOT NULL, active BOOLEAN NOT NULL, UNIQUE (name))"
)
ID = {
    "sqlite": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
    "postgresql": "SERIAL PRIMARY KEY",
    "mysql": "INTEGER PRIMARY KEY AUTO_INCREMENT",
}


@pytest.fixture
def app(make_app: MakeApp, backend: str) -> Flask:
    """Our app on a database with step 1's table and a thousand users in it."""
    app = make_app()
    password_hash = generate_password_hash("demo", QUICK_HASH)
    with app.app_context(), db.engine.begin() as connection:
        db.metadata.drop_all(connection)
        connection.execute(text(AS_STEP_1_HAS_IT.format(id=ID[backend])))
        connection.execute(
            text("INSERT INTO users (name, password_hash, active) VALUES (:name, :hash, :yes)"),
            [{"name": f"user {n}", "hash": password_hash, "yes": True} for n in range(1000)],
        )
    return app


def upgrade(app: Flask, *command: str) -> None:
    result = app.test_cli_runner().invoke(args=["db", *(command or ["upgrade"])])
    assert result.exit_code == 0, result.output


def test_a_table_of_step_1_gains_the_column_and_loses_no_user(app: Flask) -> None:
    upgrade(app)
    client = app.test_client()
    token = token_of(app, "user 7")
    assert client.get("/api/online").json["online"] == 1  # type: ignore[index]  # nobody else was seen yet
    assert client.get("/api/me", headers=bearer(token)).json["name"] == "user 7"  # type: ignore[index]
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM users")).scalar_one() == 1000


def test_the_migrated_table_is_the_one_that_init_db_makes(app: Flask, backend: str) -> None:
    def shape() -> tuple[list[str], list[object]]:
        with app.app_context():
            there = inspect(db.engine)
            columns = [f"{column['name']} {column['type']!r}" for column in there.get_columns("users")]
            indexes = [(index["name"], index["column_names"]) for index in there.get_indexes("users")]
            return sorted(columns), [index for index in indexes if "last_seen" in index[1]]

    upgrade(app)
    upgrade(app, "check")  # Alembic finds nothing left to do
    migrated = shape()
    with app.app_context():
        db.drop_all()
        db.create_all()
    assert migrated == shape()
    assert migrated[1] == [("ix_users_last_seen", ["last_seen"])]


def test_an_upgrade_that_stopped_half_way_is_finished_from_any_folder(
    app: Flask, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL commits each change to a table by itself, so the column can be there without its index."""
    monkeypatch.chdir(tmp_path)
    upgrade(app)
    version = text("SELECT version_num FROM alembic_version")
    on = " ON users" if backend == "mysql" else ""
    with app.app_context(), db.engine.begin() as connection:
        newest = connection.execute(version).scalar_one()
        connection.execute(text(f"DROP INDEX ix_users_last_seen{on}"))
        connection.execute(text("DELETE FROM alembic_version"))
    upgrade(app)
    with app.app_context():
        indexes = [index["name"] for index in inspect(db.engine).get_indexes("users")]
        assert "ix_users_last_seen" in indexes
        assert db.session.execute(version).scalar_one() == newest


def test_init_db_first_or_an_upgrade_twice_does_no_harm(make_app: MakeApp) -> None:
    app = make_app()
    upgrade(app)
    upgrade(app)
    assert app.test_cli_runner().invoke(args=["init-db"]).output == "The tables are ready.\n"


def test_there_is_a_way_back(app: Flask, database: URL) -> None:
    upgrade(app)
    upgrade(app, "downgrade", "base")
    with app.app_context():
        columns = [column["name"] for column in inspect(db.engine).get_columns("users")]
        assert sorted(columns) == ["active", "id", "name", "password_hash"]
        assert db.session.execute(text("SELECT count(*) FROM users")).scalar_one() == 1000


def test_without_a_table_the_upgrade_says_what_to_do(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        db.drop_all()
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 1
    assert [record.getMessage() for record in caplog.records] == [
        "Error: There is no table users here: run init-db, or name the database that has it."
    ]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_next_revision_can_be_generated_and_run(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    upgrade(app)
    with app.app_context(), db.engine.begin() as connection:  # as if the column were new in the model
        connection.execute(text("DROP INDEX ix_users_last_seen"))
        connection.execute(text("ALTER TABLE users DROP COLUMN last_seen"))
    folder = str(tmp_path / "migrations")
    shutil.copytree(ROOT / "step2_database/migrations", folder)
    upgrade(app, "migrate", "-d", folder, "-m", "again")
    upgrade(app, "upgrade", "-d", folder)
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json["online"] == 1  # type: ignore[index]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_migration_without_a_database_is_refused_in_one_sentence(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    assert app.test_cli_runner().invoke(args=["db", "upgrade", "--sql"]).exit_code == 1
    assert "leave out --sql" in caplog.text
