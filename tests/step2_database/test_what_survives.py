"""What step 2 survives; docs/what-survives.md shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import OperationalError

from common.accounts import add_account, find_by_name
from tests.contracts.http import StepServer
from tests.helpers.apps import bearer, own_retry_clock
from tests.helpers.databases import connection_to
from tests.helpers.faketime import HostClock
from tests.helpers.postgresql_server import PostgresqlServer, postgresql_server
from tests.helpers.redis_server import wait_until
from tests.helpers.started_steps import Copy
from tests.helpers.threads import join, start_thread
from tests.helpers.users import CAROL
from tests.helpers.what_survives import Observed, faults, observe, observe_clocks, observe_kill, unused_token
from tests.step2_database.conftest import MakeApp, tracker_of

MAY_BE_LOST = timedelta(seconds=0.6)  # three times PostgreSQL's wal_writer_delay


@pytest.fixture
def backend() -> str:
    """A file is enough where nothing else is said."""
    return "sqlite"


@pytest.fixture
def own_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL that this test alone uses."""
    with postgresql_server() as server:
        yield server


def test_fault_database_killed(tmp_path: Path) -> None:
    assert observe_kill(Copy("step2_database", tmp_path)) == faults()["database_killed"].observed


def test_fault_database_locked(app: Flask, database: URL) -> None:
    @contextmanager
    def locked() -> Any:
        with connection_to(database, isolation_level="AUTOCOMMIT") as writer:
            writer.execute(text("BEGIN IMMEDIATE"))
            yield
            writer.execute(text("ROLLBACK"))

    assert observe(app, locked()) == faults()["database_locked"].observed


@pytest.mark.slow
def test_fault_database_read_only(make_app: MakeApp, own_server: PostgresqlServer) -> None:
    app = make_app(make_url(own_server.url))
    assert observe(app, own_server.read_only()) == faults()["database_read_only"].observed


@pytest.mark.slow
def test_fault_database_server_killed(make_app: MakeApp, own_server: PostgresqlServer) -> None:
    app = make_app(make_url(own_server.url))
    tracker_of(app)._clock = time.time
    with app.app_context():
        users = [new_user(f"user {number}") for number in range(4)]
        tokens = {user: unused_token(user.name) for user in users}
        carols = bearer(unused_token("carol"))
    answered: dict[User, datetime] = {}
    killed = Event()

    def call_again_and_again(user: User) -> None:
        client = app.test_client()
        while not killed.is_set():
            sent_at = datetime.now(UTC)
            with suppress(OperationalError):  # the one under way when it is killed, as its session ends
                if client.get("/api/me", headers=bearer(tokens[user])).status_code == 200:
                    answered[user] = sent_at

    callers = [start_thread(partial(call_again_and_again, user)) for user in users]
    try:
        wait_until(lambda: len(answered) == len(users))
        killed.wait(2)  # long enough for PostgreSQL to have put some of it on the disk
        own_server.kill()
    finally:
        killed.set()
    join(*callers)

    client = app.test_client()
    statuses = [client.get("/api/me", headers=carols).status_code for _ in range(10)]
    count = client.get("/api/online").status_code
    own_server.start()
    seen = {user: tracker_of(app).last_seen(user) for user in (*users, CAROL)}
    kept = [user for user in users if (when := seen[user]) and when >= answered[user] - MAY_BE_LOST]
    assert (
        Observed(
            failed=f"{statuses.count(503)}/10",
            earlier=f"{len(kept)}/{len(users)}",
            meanwhile=f"{int(seen[CAROL] is not None)}/1",
            asked=str(count),
        )
        == faults()["database_server_killed"].observed
    )
    assert client.get("/api/me", headers=carols).status_code == 200  # at once; and who is online, after that
    own_retry_clock(app)  # nothing has failed by it yet: the rest is over
    assert client.get("/api/me", headers=carols).status_code == 200
    assert client.get("/api/online").json == {"online": 5, "minutes": 5, "resolution_seconds": 0}


class User(NamedTuple):
    """A user with an id and a name."""

    id: int
    name: str


def new_user(name: str) -> User:
    """Add an account."""
    add_account(name, "demo")
    account = find_by_name(name)
    assert account
    return User(account.id, name)


def test_fault_database_clock_set_back(tmp_path: Path) -> None:
    clock, copy = HostClock(tmp_path), Copy("step2_database", tmp_path / "copy")
    with copy.demo(settings=clock.settings) as client:
        carols = StepServer(copy, client).token("carol")
        observed = observe_clocks(client, client, carols, lambda: clock.set("-3600s"))
        assert observed == faults()["database_clock_set_back"].observed
        clock.set("+240s")
        assert client.online() == 2  # alice and bob, for an hour too long
        clock.set("+310s")
        assert client.online() == 0


def test_fault_database_hosts_apart(tmp_path: Path) -> None:
    copy = Copy("step2_database", tmp_path / "copy")
    fast = HostClock(tmp_path, "+5s")
    with copy.demo() as slow_host, copy.demo(settings=fast.settings) as fast_host:
        carols = StepServer(copy, fast_host).token("carol", signed_at=int(time.time()) + 5)
        observed = observe_clocks(fast_host, slow_host, carols)
        assert observed == faults()["database_hosts_apart"].observed
        fast.set("+301s")
        assert fast_host.online() == 2  # carol, marked by the slow host, has left five seconds early
