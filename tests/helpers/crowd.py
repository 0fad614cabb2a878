"""Many clients at once, of a step that several workers serve."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import URL, text
from werkzeug.security import generate_password_hash

from tests.helpers.apps import QUICK_HASH
from tests.helpers.databases import connection_to
from tests.helpers.started_steps import Client, Copy

CLIENTS = 40
REQUESTS = 10


def add_crowd(database: URL | str) -> None:
    """Add a user for each client: user 0, user 1 and so on, with the password demo."""
    users = [
        {"name": f"user {n}", "hash": generate_password_hash("demo", QUICK_HASH), "yes": True}
        for n in range(CLIENTS)
    ]
    with connection_to(database) as connection:
        connection.execute(
            text("INSERT INTO users (name, password_hash, active) VALUES (:name, :hash, :yes)"), users
        )
        connection.commit()


def crowd_loses_nothing(copy: Copy, server: Client) -> None:
    """Let all clients call at once; no request fails, no mark is lost, and all workers count the same."""

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

    log = copy.log.read_text(encoding="utf-8")
    assert "presence store fails" not in log and "Traceback" not in log
    assert server.counts_of_many() == {CLIENTS}
    listed = server.call("GET", "/api/online/users", token=server.sign_in("user 0")).json["users"]
    seen = {user["name"]: datetime.fromisoformat(user["last_seen"]) for user in listed}
    assert all(seen[f"user {number}"] >= sent_at for number, sent_at in last_requests.items())
