"""Step 2 on a really started server: the shared contract, and what a column adds."""

from __future__ import annotations

import pytest

from tests.contracts.http import HttpContract, StepServer


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
