"""Step 2 as a deployer starts it, and under more clients than it has threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.contracts.deployment import DeploymentContract, needs_gunicorn
from tests.helpers.crowd import add_crowd, crowd_loses_nothing
from tests.helpers.started_steps import Client, Copy

pytestmark = pytest.mark.slow


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
    add_crowd(database)
    with copy.serve("-m", *copy.gunicorn(*request.param), settings=settings) as client:
        yield copy, client


@needs_gunicorn
@pytest.mark.parametrize(
    ("backend", "client"),
    [
        ("sqlite", ["-w", "4"]),
        ("sqlite", ["-w", "4", "--threads", "10"]),
        ("postgresql", ["-w", "4"]),
        ("postgresql", ["-w", "1", "--threads", "40"]),
        ("mysql", ["-w", "1", "--threads", "40"]),
    ],
    indirect=["client"],
    ids=[
        "sqlite, 4 workers",
        "sqlite, 4 workers of 10 threads",
        "postgresql, 4 workers",
        "postgresql, 40 threads",
        "mysql, 40 threads",
    ],
)
def test_forty_clients_at_once_fail_no_request_and_lose_no_mark(client: tuple[Copy, Client]) -> None:
    crowd_loses_nothing(*client)
