"""Accounts are created by the deployer alone, and the refusals are sentences."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import click
import pytest
from flask import Flask

from common.accounts import add_account, find_by_name
from common.commands import create_user, init_db
from tests.common.conftest import make_app
from tests.helpers.apps import QUICK_HASH


def test_create_user_reads_the_password_from_standard_input(app: Flask) -> None:
    result = app.test_cli_runner().invoke(create_user, ["dave"], input="open sesame\n")
    assert (result.exit_code, result.output) == (0, "Created dave.\n")
    assert app.test_client().post("/api/tokens", auth=("dave", "open sesame")).status_code == 200


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("alice", "demo", "is taken"),
        ("", "demo", "A name has"),
        ("  ", "demo", "A name has"),
        ("a:b", "demo", "A name has"),
        ("a\nb", "demo", "A name has"),
        ("a" * 81, "demo", "A name has"),
        ("dave", "", "A password has"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_one_sentence(
    app: Flask, name: str, password: str, sentence: str
) -> None:
    result = app.test_cli_runner().invoke(create_user, [name], input=f"{password}\n")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ") and sentence in result.output
    assert result.output.count("\n") == 1


def test_create_user_before_init_db_says_what_to_do() -> None:
    app = make_app({"SQLALCHEMY_DATABASE_URI": "sqlite://", "PASSWORD_HASH_METHOD": QUICK_HASH})
    runner = app.test_cli_runner()
    result = runner.invoke(create_user, ["alice"], input="demo\n")
    assert result.exit_code == 1 and "Run init-db first" in result.output
    assert runner.invoke(init_db).output == "The tables are ready.\n"
    assert runner.invoke(create_user, ["alice"], input="demo\n").exit_code == 0
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_a_database_that_is_none_is_refused_in_one_sentence_without_the_password(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database" * 500)
    app = make_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{garbage}", "PASSWORD_HASH_METHOD": QUICK_HASH})
    for command, arguments in ((init_db, []), (create_user, ["alice"])):
        result = app.test_cli_runner().invoke(command, arguments, input="demo\n")
        assert result.exit_code == 1
        assert result.output.startswith("Error: ") and "file is not a database" in result.output
        assert "scrypt" not in result.output
    answer = app.test_client().post("/api/tokens", auth=("alice", "demo"))
    assert answer.status_code == 503
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_init_db_lets_readers_and_a_writer_work_side_by_side(app: Flask) -> None:
    with app.app_context(), app.extensions["sqlalchemy"].engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_name_that_no_database_could_hold_is_nobodys(app: Flask) -> None:
    with app.app_context():
        assert find_by_name("alice\0") is None
        assert find_by_name("a" * 81) is None


def test_a_chinese_name_is_a_name(app: Flask) -> None:
    with app.app_context():
        add_account("张三", "口令")
        found = find_by_name("张三")
        assert found is not None and found.name == "张三"
    assert app.test_client().post("/api/tokens", auth=("张三", "口令")).status_code == 200


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
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith("Error: The database cannot be used, check the options of its address")


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
