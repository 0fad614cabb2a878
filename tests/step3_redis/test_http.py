"""Step 3 on a really started server: the shared contract without any Redis, and with a real one."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.http import HttpContract, StepServer
from tests.helpers.redis_server import RedisServer
from tests.helpers.started_steps import Copy


class TestStep3OverHttp(HttpContract):
    """python step3_redis/app.py, on a machine that has no Redis."""

    step = "step3_redis"

    def test_the_banner_says_what_remembers_and_how_to_use_a_real_one(self, server: StepServer) -> None:
        banner = server.copy.log.read_text(encoding="utf-8")
        assert "fakeredis, a Redis inside this process" in banner
        assert "FLASK_REDIS_URL" in banner


def test_with_a_real_redis_two_processes_give_one_answer(tmp_path: Path, own_server: RedisServer) -> None:
    copy = Copy("step3_redis", tmp_path)
    settings = {"FLASK_REDIS_URL": own_server.url}
    with copy.demo(settings=settings) as client:
        client.sign_in("alice")
        with copy.demo(settings=settings) as other:
            assert other.online() == client.online() == 1
            other.sign_in("bob")
            assert other.online() == client.online() == 2
    assert "fakeredis" not in copy.log.read_text(encoding="utf-8")
