"""The engines of presence: small, its own, and never kept waiting for long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, create_engine, event

from common.settings import SettingError


def presence_engine(
    app_engine: Engine, connections: int, seconds: float, connect_args: Mapping[str, Any] | None = None
) -> Engine:
    """Return an engine on the app's database, whose statements commit by themselves.

    It shares no connection with a request. In the request's own, a mark would commit what the view has half
    done; in a second one of the same pool, it would wait for requests that wait for it.
    connections: how many, for each process.
    seconds: the longest wait; half for a free connection, half for the statement and its locks.
    connect_args: what the driver needs beside the address, such as certificates.
    """
    url = app_engine.url
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise SettingError(
            "FLASK_SQLALCHEMY_DATABASE_URI is a database in memory, which one connection sees: name a file."
        )
    driver, session = _limits(url.get_backend_name(), seconds / 2)
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=seconds / 2,
        pool_recycle=1800,  # before MySQL, or a firewall, drops what was idle
        skip_autocommit_rollback=True,  # it would be a second round trip
        connect_args={**(connect_args or {}), **driver},
        echo=app_engine.echo,
    )

    @event.listens_for(engine, "connect")
    def set_limits(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for statement in session:
            cursor.execute(statement)
        cursor.close()

    return engine


def _limits(backend: str, seconds: float) -> tuple[dict[str, Any], list[str]]:
    """Return what bounds a wait: arguments for the driver, and statements for each new connection."""
    milliseconds = int(seconds * 1000)
    match backend:
        case "sqlite":
            # without an fsync for each mark: a power cut costs the last marks, never the file
            return {"timeout": seconds}, ["PRAGMA synchronous = NORMAL"]
        case "postgresql":
            return {"connect_timeout": 2, "tcp_user_timeout": milliseconds}, [
                f"SET lock_timeout = {milliseconds}",
                f"SET statement_timeout = {milliseconds}",
                "SET synchronous_commit = off",  # likewise
            ]
        case "mysql" | "mariadb":
            # the server counts whole seconds, so the client hangs up first
            limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), seconds)
            return limits, ["SET innodb_lock_wait_timeout = 1"]
    return {}, []
