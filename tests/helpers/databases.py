"""Databases of a test's own: a file, a schema of PostgreSQL, a database of MariaDB or MySQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text

SERVERS = {"postgresql": "TEST_POSTGRESQL_URL", "mysql": "TEST_MYSQL_URL"}


def server_url(backend: str) -> URL:
    """Return the server that the environment names; skip without one, fail where REQUIRE_SERVERS=1."""
    name = SERVERS[backend]
    if address := os.environ.get(name):
        return make_url(address)
    reason = f"{name} is not set: name a server on which the tests may create schemas of their own"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def connection_to(url: URL | str, **options: Any) -> Iterator[Connection]:
    """Lend a connection by an engine of its own, and close both, whatever happens meanwhile."""
    engine = create_engine(url, **options)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def noted_on(*engines: Engine) -> Iterator[list[str]]:
    """Lend a list that fills with the statements which go to the database by these engines."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(" ".join(statement.split()))

    for engine in engines:
        engine.connect().close()  # what a new connection sends is not noted
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def new_database(backend: str, folder: Path) -> Iterator[URL]:
    """Lend an empty database, and remove it afterwards with all that was put there."""
    if backend == "sqlite":
        yield make_url(f"sqlite:///{folder / 'users.sqlite'}")
        return
    server = server_url(backend)
    name = f"cookbook_{secrets.token_hex(4)}"
    create, drop = f"CREATE SCHEMA {name}", f"DROP SCHEMA {name}"  # MySQL calls a database a schema too
    if backend == "postgresql":
        url, drop = server.update_query_dict({"options": f"-csearch_path={name}"}), f"{drop} CASCADE"
    else:
        url = server.set(database=name)
    with connection_to(server, isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(create))
        try:
            yield url
        finally:
            connection.execute(text(drop))
