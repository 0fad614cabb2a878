"""Accounts are created by the deployer alone, and the refusals are sentences."""

from __future__ import annotations

import inspect
import os
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from flask import Flask

from common.accounts import add_account, find_by_name, names_by_id
from common.commands import create_user, init_db
from tests.common.conftest import User, db, make_app, noted
from tests.helpers.apps import QUICK_HASH

NO_NAME = "A name has 1 to 80 printable characters and no colon."
NO_PASSWORD = "A password has 1 or more printable characters."


def signs_in(app: Flask, name: str, password: str) -> bool:
    """Whether the API trades this name and password for a token."""
    return app.test_client().post("/api/tokens", auth=(name, password)).status_code == 200


@pytest.mark.parametrize("end_of_line", ["\n", "\r\n", ""])
def test_create_user_reads_the_password_as_it_stands_from_standard_input(
    app: Flask, end_of_line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = " open sesame "
    sent = BytesIO(f"{password}{end_of_line}".encode())
    # as Python opens standard input on Linux; that of the runner would take the \r away
    stdin = TextIOWrapper(sent, encoding="utf-8", newline="\n")
    monkeypatch.setattr("common.commands.sys", SimpleNamespace(stdin=stdin))
    result = app.test_cli_runner().invoke(create_user, ["dave"])
    assert (result.exit_code, result.output) == (0, "Created dave.\n")
    assert signs_in(app, "dave", password)
    assert not signs_in(app, "dave", password.strip())


def test_at_a_terminal_create_user_asks_twice_and_shows_nothing_of_the_password(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.commands.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    typed = "opne sesame\nopen sesame\nopen sesame\nopen sesame\n"
    result = app.test_cli_runner().invoke(create_user, ["dave"], input=typed)
    asked = "Password: \nRepeat for confirmation: \n"
    mismatch = "Error: The two entered values do not match.\n"
    assert (result.exit_code, result.output) == (0, f"{asked}{mismatch}{asked}Created dave.\n")
    assert signs_in(app, "dave", "open sesame")


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("alice", "demo", "The name alice is taken: choose another."),
        ("", "demo", NO_NAME),
        ("  ", "demo", NO_NAME),
        ("a:b", "demo", NO_NAME),
        ("a\nb", "demo", NO_NAME),
        ("a\0", "demo", NO_NAME),
        ("a" * 81, "demo", NO_NAME),
        ("dave", "", NO_PASSWORD),
        ("dave", "de\tmo", NO_PASSWORD),
        ("dave", "demo\0", NO_PASSWORD),
        ("dave", "demo\x7f", NO_PASSWORD),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_one_sentence(
    app: Flask, name: str, password: str, sentence: str
) -> None:
    result = app.test_cli_runner().invoke(create_user, [name], input=f"{password}\n")
    assert (result.exit_code, result.output) == (1, f"Error: {sentence}\n")
    with app.app_context():
        assert db.session.scalars(db.select(User.name).order_by(User.id)).all() == ["alice", "bob", "carol"]


def test_a_name_of_the_greatest_length_is_a_name(app: Flask) -> None:
    with app.app_context():
        add_account("a" * 80, "demo")
    assert signs_in(app, "a" * 80, "demo")


def test_after_a_name_that_is_taken_the_session_works_on(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(ValueError, match="The name alice is taken: choose another"):
            add_account("alice", "another")
        add_account("dave", "demo")
    assert signs_in(app, "alice", "demo") and signs_in(app, "dave", "demo")


def test_create_user_before_init_db_says_what_to_do() -> None:
    app = make_app({"SQLALCHEMY_DATABASE_URI": "sqlite://", "PASSWORD_HASH_METHOD": QUICK_HASH})
    runner = app.test_cli_runner()
    result = runner.invoke(create_user, ["alice"], input="demo\n")
    assert (result.exit_code, result.output) == (
        1,
        "Error: Run init-db first, or check the database's address; the users cannot be written: "
        "no such table: users\n",
    )
    assert runner.invoke(init_db).output == "The tables are ready.\n"
    assert runner.invoke(create_user, ["alice"], input="demo\n").exit_code == 0
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_a_database_that_is_none_is_refused_in_one_sentence_without_the_password(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database" * 500)
    app = make_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{garbage}", "PASSWORD_HASH_METHOD": QUICK_HASH})
    for command, arguments, sentence in (
        (init_db, [], "The database cannot be used, check its address"),
        (
            create_user,
            ["alice"],
            "Run init-db first, or check the database's address; the users cannot be written",
        ),
    ):
        result = app.test_cli_runner().invoke(command, arguments, input="demo\n")
        assert (result.exit_code, result.output) == (1, f"Error: {sentence}: file is not a database\n")
    answer = app.test_client().post("/api/tokens", auth=("alice", "demo"))
    assert answer.status_code == 503
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_init_db_lets_readers_and_a_writer_work_side_by_side(app: Flask) -> None:
    with app.app_context(), app.extensions["sqlalchemy"].engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_init_db_names_each_column_that_a_table_lacks(app: Flask) -> None:
    with app.app_context():
        db.session.execute(db.text("ALTER TABLE visits DROP COLUMN page"))
        db.session.execute(db.text("ALTER TABLE users DROP COLUMN active"))
        db.session.commit()
    result = app.test_cli_runner().invoke(init_db)
    assert (result.exit_code, result.output) == (
        1,
        "Error: Migrate the database, it lacks users.active, visits.page: "
        "creating tables adds no column to one that exists.\n",
    )


@pytest.mark.parametrize("name", ["alice\0", "\0", "a" * 81])
def test_a_name_that_no_database_could_hold_is_nobodys_and_no_database_is_asked(
    app: Flask, name: str
) -> None:
    with noted(app) as sent:
        assert find_by_name(name) is None
    assert sent == []


@pytest.mark.parametrize(
    "name",
    ["ali%", "_lice", "%", "*", "alice%", "ALICE", "alic", "alice ", " alice", "1", "' OR 1=1 --", "爱丽丝"],
)
def test_only_the_whole_name_is_the_name(app: Flask, name: str) -> None:
    with app.app_context():
        assert find_by_name(name) is None
    assert not signs_in(app, name, "demo")


def test_names_are_looked_up_for_the_ids_asked_about_and_for_no_others(app: Flask) -> None:
    with noted(app) as sent:
        assert names_by_id([2, 99, 1]) == {1: "alice", 2: "bob"}
    assert sent == ["SELECT users.id, users.name FROM users WHERE users.id IN (?, ?, ?)"]
    with app.app_context():
        assert names_by_id([]) == {}


def test_a_chinese_name_is_a_name(app: Flask) -> None:
    with app.app_context():
        add_account("张三", "口令")
        found = find_by_name("张三")
        assert found is not None and found.name == "张三"
    assert signs_in(app, "张三", "口令")


def test_create_user_with_a_closed_standard_input_says_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with app.app_context(), pytest.raises(click.ClickException, match="Standard input is closed"):
        inspect.unwrap(create_user.callback)("dave")  # type: ignore[arg-type]


def test_init_db_says_in_a_sentence_what_the_driver_does_not_know(tmp_path: Path) -> None:
    app = make_app({
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users.sqlite",
        "SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": {"bogus": 1}},
        "PASSWORD_HASH_METHOD": QUICK_HASH,
    })  # fmt: skip
    result = app.test_cli_runner().invoke(init_db)
    assert (result.exit_code, result.output) == (
        1,
        "Error: The database cannot be used, check the options of its address and the ENGINE_OPTIONS: "
        "TypeError\n",
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
def test_the_file_with_the_password_hashes_is_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = tmp_path / "instance"
    monkeypatch.setattr("flask.Flask.auto_find_instance_path", lambda _: str(instance))
    app = make_app({"SQLALCHEMY_DATABASE_URI": "sqlite:///users.sqlite", "PASSWORD_HASH_METHOD": QUICK_HASH})
    assert app.test_cli_runner().invoke(init_db).exit_code == 0
    assert (instance.stat().st_mode & 0o777, (instance / "users.sqlite").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
def test_a_file_that_exists_and_a_folder_of_others_keep_their_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "of others"
    folder.mkdir()
    folder.chmod(0o755)
    there = folder / "there.sqlite"
    there.touch()
    there.chmod(0o644)
    for address in (f"sqlite:///{there}", f"sqlite:///{folder}/new.sqlite", "sqlite://"):
        app = make_app({"SQLALCHEMY_DATABASE_URI": address, "PASSWORD_HASH_METHOD": QUICK_HASH})
        assert app.test_cli_runner().invoke(init_db).exit_code == 0
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()
    rights = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.glob("*.sqlite"))}
    assert rights == {"of others": 0o755, "there.sqlite": 0o644, "new.sqlite": 0o600}
    assert list(tmp_path.iterdir()) == [folder]  # a database in memory leaves no file
