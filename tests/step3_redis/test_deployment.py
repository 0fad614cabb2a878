"""Step 3 as a deployer starts it, with a real Redis."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.contracts.deployment import DeploymentContract, needs_gunicorn
from tests.helpers.crowd import add_crowd, crowd_loses_nothing
from tests.helpers.redis_server import RedisServer
from tests.helpers.started_steps import Copy

pytestmark = pytest.mark.slow


class TestStep3Deployed(DeploymentContract):
    """With flask, and with gunicorn."""

    step = "step3_redis"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def a_prefix_of_its_own(cls, shared_server: str) -> Iterator[None]:
        prefix = f"cookbook-test-{secrets.token_hex(4)}"
        cls.settings = {"FLASK_REDIS_URL": shared_server, "FLASK_ONLINE_KEY_PREFIX": prefix}
        yield
        with Redis.from_url(shared_server) as client:
            client.delete(f"{prefix}:last-seen")

    @needs_gunicorn
    def test_two_workers_give_every_client_one_and_the_same_count(
        self, copy: Copy, deployed: dict[str, str]
    ) -> None:
        assert copy.counts_of_two_workers(deployed, "dora", "open sesame") == {1}


@needs_gunicorn
@pytest.mark.parametrize("options", [["-w", "4"], ["-w", "4", "--threads", "10"]], ids=" ".join)
def test_forty_clients_at_once_fail_no_request_and_lose_no_mark(
    tmp_path: Path, own_server: RedisServer, options: list[str]
) -> None:
    copy = Copy("step3_redis", tmp_path / "copy")
    database = f"sqlite:///{tmp_path}/users.sqlite"
    settings = {
        "FLASK_SECRET_KEY": "12345678901234567890",
        "FLASK_SQLALCHEMY_DATABASE_URI": database,
        "FLASK_REDIS_URL": own_server.url,
    }
    assert copy.run(*copy.flask("init-db"), settings=settings).returncode == 0
    add_crowd(database)
    with copy.serve("-m", *copy.gunicorn(*options), settings=settings) as client:
        crowd_loses_nothing(copy, client)
