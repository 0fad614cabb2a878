"""Step 2 as a deployer starts it, and under more clients than it has threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from werkzeug.security import generate_password_hash

from tests.apps import QUICK_HASH
from tests.deployment_contract import DeploymentContract, needs_gunicorn
from tests.servers import Client, Copy

pytestmark = pytest.mark.slow

CLIENTS = 40
REQUESTS = 10


class TestStep2Deployed(DeploymentContract):
    """With flask, and with gunicorn."""

    step = "step2_database"


@pytest.fixture
def client(
    request: pytest.FixtureRequest, backend: str, database: URL, tmp_path: Path
) -> Iterator[tuple[Copy, Client]]:
    """A server with 40 users on the database; the workers and threads are the test's parameter."""
    copy = Copy("step2_database", tmp_path)
    settings = {
        "FLASK_SECRET_KEY": "12345678901234567890",
        "FLASK_SQLALCHEMY_DATABASE_URI": database.render_as_string(hide_password=False),
        "FLASK_ONLINE_RESOLUTION_SECONDS": "0",
    }
    assert copy.run(*copy.flask("init-db"), settings=settings).returncode == 0
    users = [
        {"name": f"user {n}", "hash": generate_password_hash("demo", QUICK_HASH), "yes": True}
        for n in range(CLIENTS)
    ]
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO users (name, password_hash, active) VALUES (:name, :hash, :yes)"), users
        )
    engine.dispose()
    with copy.serve("-m", *copy.gunicorn(*request.param), settings=settings) as client:
        yield copy, client


@needs_gunicorn
@pytest.mark.parametrize(
    ("backend", "client"),
    [
        ("sqlite", ["-w", "4"]),
        ("sqlite", ["-w", "4", "--threads", "10"]),
        ("postgresql", ["-w", "1", "--threads", "40"]),
        ("mysql", ["-w", "1", "--threads", "40"]),
    ],
    indirect=["client"],
    ids=[
        "sqlite, 4 workers",
        "sqlite, 4 workers of 10 threads",
        "postgresql, 40 threads",
        "mysql, 40 threads",
    ],
)
def test_forty_clients_at_once_fail_no_request_and_lose_no_mark(client: tuple[Copy, Client]) -> None:
    copy, server = client

    def use(number: int) -> datetime:
        """Sign in, ask ten times, and return when the last question was sent."""
        token = server.sign_in(f"user {number}")
        for _ in range(REQUESTS):
            sent_at = datetime.now(UTC)
            answer = server.call("GET", "/api/me", token=token)
            assert answer.status == 200, answer
            assert datetime.fromisoformat(answer.json["last_seen"]) >= sent_at
        return sent_at

    with ThreadPoolExecutor(CLIENTS) as clients:
        last_requests = dict(enumerate(clients.map(use, range(CLIENTS))))

    assert "presence store fails" not in copy.log.read_text(encoding="utf-8")
    assert server.online() == CLIENTS
    listed = server.call("GET", "/api/online/users", token=server.sign_in("user 0")).json["users"]
    seen = {user["name"]: datetime.fromisoformat(user["last_seen"]) for user in listed}
    assert all(seen[f"user {number}"] >= sent_at for number, sent_at in last_requests.items())
