"""Step 2 on a really started server: the shared contract, and what a column adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.http import HttpContract, StepServer
from tests.helpers.started_steps import Copy


class TestStep2OverHttp(HttpContract):
    """python step2_database/app.py."""

    step = "step2_database"

    @pytest.mark.parametrize("minutes", ["5.0001", "4320", "99999999999", "9" * 400])
    def test_any_window_can_be_asked_for(self, server: StepServer, minutes: str) -> None:
        token = server.client.sign_in("alice")
        assert server.client.online(minutes) >= 1
        users = server.client.call("GET", f"/api/online/users?minutes={minutes}", token=token)
        assert users.json["users"][0]["name"] == "alice"

    def test_two_processes_give_one_answer(self, server: StepServer) -> None:
        server.client.sign_in("alice")
        with server.copy.demo() as other:
            assert other.online() == server.client.online()
            other.sign_in("carol")
            assert other.online() == server.client.online()


def test_a_kill_forgets_neither_who_was_online_nor_the_token(tmp_path: Path) -> None:
    copy = Copy("step2_database", tmp_path)
    with copy.demo() as client:
        token = client.sign_in("alice")
        assert client.online() == 1
        copy.kill()
    with copy.demo() as client:
        assert client.online() == 1
        assert client.call("GET", "/api/me", token=token).status == 200
