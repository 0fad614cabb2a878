"""Step 3 on a really started server: the shared contract without any Redis, and with a real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.http import HttpContract, StepServer
from tests.helpers.redis_server import RedisServer
from tests.helpers.started_steps import Answer, Copy


class TestStep3OverHttp(HttpContract):
    """python step3_redis/app.py, on a machine that has no Redis."""

    step = "step3_redis"

    @pytest.mark.parametrize("minutes", ["5.0001", "4320", "99999999999", "9" * 400])
    def test_minutes_longer_than_keep_are_a_400(
        self, server: StepServer, refused: Callable[..., Answer], minutes: str
    ) -> None:
        refused(400, "GET", f"/api/online?minutes={minutes}")
        refused(400, "GET", f"/api/online/users?minutes={minutes}", token=server.token("alice"))

    def test_the_banner_says_what_remembers_and_how_to_use_a_real_one(self, server: StepServer) -> None:
        banner = server.copy.log.read_text(encoding="utf-8")
        assert "fakeredis, a Redis inside this process" in banner
        assert "FLASK_REDIS_URL" in banner


def test_with_a_resolution_the_answer_says_so_and_a_window_within_it_is_a_400(tmp_path: Path) -> None:
    with Copy("step3_redis", tmp_path).demo(settings={"FLASK_ONLINE_RESOLUTION_SECONDS": "30"}) as client:
        token = client.sign_in("alice")
        first, second = (client.call("GET", "/api/me", token=token).json["last_seen"] for _ in range(2))
        assert first == second  # the time at which alice signed in, and none was sent since
        answer = client.call("GET", "/api/online")
        assert answer.json == {"online": 1, "minutes": 5, "resolution_seconds": 30}
        for path in ("/api/online", "/api/online/users"):
            assert client.call("GET", f"{path}?minutes=0.5", token=token).status == 400
            assert client.call("GET", f"{path}?minutes=0.51", token=token).status == 200


def test_with_a_real_redis_processes_share_and_a_kill_forgets_nobody(
    tmp_path: Path, own_server: RedisServer
) -> None:
    copy = Copy("step3_redis", tmp_path)
    settings = {"FLASK_REDIS_URL": own_server.url}
    with copy.demo(settings=settings) as client:
        token = client.sign_in("alice")
        with copy.demo(settings=settings) as other:
            assert other.online() == client.online() == 1
            other.sign_in("bob")
            assert other.online() == client.online() == 2
    with copy.demo(settings=settings) as client:
        copy.kill()
    with copy.demo(settings=settings) as client:
        assert client.online() == 2
        assert client.call("GET", "/api/me", token=token).status == 200
    assert "fakeredis" not in copy.log.read_text(encoding="utf-8")
