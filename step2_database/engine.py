"""Engines for presence alone: each has few connections, and no request waits long for one."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

from sqlalchemy import URL, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.default import DefaultDialect

# What SQLAlchemy has from 2.0.43 on: without it, a mark costs a second round trip and is as right.
SKIPS_ROLLBACK = "skip_autocommit_rollback" in signature(DefaultDialect.__init__).parameters


def presence_engine(
    app_engine: Engine, options: Mapping[str, Any], *, wait_seconds: float, ping: bool, connections: int = 5
) -> Engine:
    """Return an engine on the app's database, for statements that commit by themselves.

    It shares no connection with a request. In the request's own, a mark would commit what the view has half
    done; with a second one of the same pool, requests could all wait for connections that the others hold.
    options: what the app's engine was made with, such as certificates in connect_args.
    wait_seconds: how long to wait at most for a free connection, and then for a statement with its locks; or
    the least that a driver allows.
    ping: whether to try a connection before using it; costs a round trip, and saves the first call after the
    database was restarted.
    connections: how many, for each process.
    ValueError: a driver whose waits cannot be bounded here, or a database that only one connection sees.
    """
    url = app_engine.url
    if is_in_memory(url):
        raise ValueError("a database in memory is seen by one connection only: name a file")
    for option in ("creator", "pool", "strategy"):
        if option in options:  # it makes connections that know nothing of the waits below
            raise ValueError(f"the engine option {option} leaves no wait bounded: do without it")
    driver_arguments, session_statements = _limits(url.get_driver_name(), wait_seconds)
    execution_options = dict(options.get("execution_options") or {})
    execution_options.pop("isolation_level", None)  # it would outrank AUTOCOMMIT
    if url.get_backend_name() != "sqlite" and SKIPS_ROLLBACK:
        options = {**options, "skip_autocommit_rollback": True}  # it would be a second round trip
    engine = create_engine(
        url,
        **{
            "pool_recycle": 1800,  # seconds; before MySQL, or a firewall, drops what was idle
            **options,
            "connect_args": {**(options.get("connect_args") or {}), **driver_arguments},
            "execution_options": execution_options,
            "isolation_level": "AUTOCOMMIT",
            "poolclass": QueuePool,
            "pool_pre_ping": ping,
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": wait_seconds,
            "echo": app_engine.echo,
        },
    )

    @event.listens_for(engine, "connect")
    def set_limits(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for statement in session_statements:
            cursor.execute(statement)
        cursor.close()

    return engine


def is_in_memory(url: URL) -> bool:
    """Whether it is a SQLite database in memory, which each connection has of its own."""
    name = url.database
    in_memory = not name or ":memory:" in name or "mode=memory" in url.render_as_string()
    return url.get_backend_name() == "sqlite" and in_memory


def _limits(driver: str, seconds: float) -> tuple[dict[str, Any], list[str]]:
    """Return what bounds a wait: arguments for the driver, and statements for each new connection."""
    milliseconds = int(seconds * 1000)
    match driver:
        case "pysqlite":
            # No fsync for each mark: a power cut may lose the last marks, and in WAL mode damages no file.
            return {"timeout": seconds}, ["PRAGMA synchronous = NORMAL"]
        case "psycopg" | "psycopg2":
            # 2 seconds is the driver's least, for each host of the address
            return {"connect_timeout": 2, "tcp_user_timeout": milliseconds}, [
                f"SET statement_timeout = {milliseconds}",
                "SET synchronous_commit = off",  # a mark waits for no disk and no replica
            ]
        case "pymysql":
            # the server counts whole seconds, so the client hangs up first; the mark may still land later
            waits = ("connect_timeout", "read_timeout", "write_timeout")
            return dict.fromkeys(waits, seconds), ["SET innodb_lock_wait_timeout = 1"]
    raise ValueError(f"the waits of {driver} cannot be bounded: use psycopg, psycopg2, pymysql or pysqlite")
