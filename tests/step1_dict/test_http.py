"""Step 1 on a really started server: the shared contract, and what only a dict does."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.http import HttpContract, StepServer
from tests.helpers.started_steps import Copy


class TestStep1OverHttp(HttpContract):
    """python step1_dict/app.py."""

    step = "step1_dict"

    def test_dict_7_two_processes_give_two_answers(self, server: StepServer) -> None:
        token = server.client.sign_in("alice")
        with server.copy.demo() as other:
            assert (server.client.online() > 0, other.online()) == (True, 0)
            assert other.call("GET", "/api/me", token=token).status == 200  # the same users, the same key
            assert other.online() == 1


def test_dict_8_a_restart_forgets_who_was_online_but_not_the_token(tmp_path: Path) -> None:
    copy = Copy("step1_dict", tmp_path)
    with copy.demo() as client:
        token = client.sign_in("alice")
        assert client.online() == 1
    with copy.demo() as client:
        assert client.online() == 0
        assert client.call("GET", "/api/me", token=token).status == 200
