"""recipes/with_sqlite3.py: a tracker of the standard library's sqlite3."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from recipes.with_sqlite3 import create_app

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


def test_the_count_is_in_the_file_and_outlives_the_app(tmp_path: Path) -> None:
    file = tmp_path / "instance" / "recipes.sqlite"
    client = create_app(file).test_client()
    for user in (ALICE, BOB, ALICE):
        assert client.get("/hello", auth=user).status_code == 200
    assert client.get("/online").json == {"online": 2}
    assert create_app(file).test_client().get("/online").json == {"online": 2}


def test_a_user_is_written_once_in_thirty_seconds(tmp_path: Path) -> None:
    file = tmp_path / "recipes.sqlite"
    client = create_app(file).test_client()
    client.get("/hello", auth=ALICE)
    with closing(sqlite3.connect(file)) as database:
        written = database.execute("SELECT user_id, last_seen FROM presence").fetchall()
        client.get("/hello", auth=ALICE)
        assert database.execute("SELECT user_id, last_seen FROM presence").fetchall() == written
    assert [user_id for user_id, _ in written] == [1]


def test_without_the_right_password_nobody_is_written(tmp_path: Path) -> None:
    client = create_app(tmp_path / "recipes.sqlite").test_client()
    assert client.get("/hello", auth=("alice", "guessed")).status_code == 401
    assert client.get("/online").json == {"online": 0}
