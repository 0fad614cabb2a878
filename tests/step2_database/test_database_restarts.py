"""Step 2 as docs/scale.md sizes it: four workers on one PostgreSQL, which is restarted while they work."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import NamedTuple

import psycopg
import pytest

from tests.contracts.deployment import needs_gunicorn
from tests.helpers.crowd import CLIENTS, add_crowd
from tests.helpers.postgresql_server import PostgresqlServer, postgresql_server
from tests.helpers.redis_server import wait_until
from tests.helpers.started_steps import Client, Copy

pytestmark = [pytest.mark.slow, needs_gunicorn]

WORKERS, THREADS = 4, 4
POOL = {"pool_size": THREADS, "max_overflow": 0, "pool_timeout": 2}
PRESENCE = 10  # of each worker: five connections for marks, five for counts
MOST_CONNECTIONS = WORKERS * (THREADS + PRESENCE)


class Request(NamedTuple):
    """When it was sent, when it was answered, and how."""

    sent_at: float
    answered_at: float
    status: int


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL that this test may restart."""
    with postgresql_server() as server:
        yield server


@pytest.fixture
def client(server: PostgresqlServer, tmp_path: Path) -> Iterator[Client]:
    """Four workers, sized as the page says, with forty users."""
    copy = Copy("step2_database", tmp_path)
    settings = {
        "FLASK_SECRET_KEY": "12345678901234567890",
        "FLASK_SQLALCHEMY_DATABASE_URI": server.url,
        "FLASK_SQLALCHEMY_ENGINE_OPTIONS": json.dumps(POOL),
        "FLASK_ONLINE_RESOLUTION_SECONDS": "0",
    }
    assert copy.run(*copy.flask("init-db"), settings=settings).returncode == 0
    add_crowd(server.url)
    command = copy.gunicorn("-w", str(WORKERS), "--threads", str(THREADS))
    with copy.serve("-m", *command, settings=settings) as client:
        yield client


def test_a_restart_of_postgresql_fails_no_request_but_those_meanwhile(
    server: PostgresqlServer, client: Client
) -> None:
    tokens = [client.sign_in(f"user {number}") for number in range(CLIENTS)]
    requests: list[Request] = []
    ended = Event()

    def call_again_and_again(token: str) -> None:
        while not ended.is_set():
            sent_at = time.monotonic()
            status = client.call("GET", "/api/me", token=token).status
            requests.append(Request(sent_at, time.monotonic(), status))

    with ThreadPoolExecutor(CLIENTS) as callers:
        try:
            for token in tokens:
                callers.submit(call_again_and_again, token)
            wait_until(lambda: len(requests) > 10 * CLIENTS)
            down_at = time.monotonic()
            server.restart()
            up_at = time.monotonic()
            wait_until(lambda: sum(each.sent_at > up_at for each in requests) > 10 * CLIENTS)
            wait_until(lambda: told(client) == {CLIENTS})  # marks and counts, of all workers
            sessions = sessions_of(server)
        finally:
            ended.set()  # the callers end, and so does the pool that waits for them

    failed = [each for each in requests if each.status != 200]
    assert {each.status for each in failed} <= {500, 503}  # 500: cut off while the request was being put away
    assert all(each.sent_at < up_at and each.answered_at > down_at for each in failed)
    assert sessions <= MOST_CONNECTIONS


def told(client: Client) -> set[int | None]:
    """Return the counts that a few clients are told; None for unknown."""
    answers = [client.call("GET", "/api/online") for _ in range(4 * WORKERS)]
    return {answer.json["online"] if answer.status == 200 else None for answer in answers}


def sessions_of(server: PostgresqlServer) -> int:
    """Return how many connections to PostgreSQL are open."""
    with psycopg.connect(host="127.0.0.1", port=server.port, user="postgres") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        ).fetchone()
        assert row
        return int(row[0]) - 1  # this one
