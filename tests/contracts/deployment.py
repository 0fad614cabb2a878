"""What every step promises whoever deploys it. A step's test class inherits this and names the step."""

from __future__ import annotations

import sys
from typing import ClassVar

import pytest

from tests.helpers.started_steps import Copy

needs_gunicorn = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not exist for Windows")


class DeploymentContract:
    """The flask and gunicorn ways, as opposed to python stepN_x/app.py."""

    step: ClassVar[str]
    settings: ClassVar[dict[str, str]] = {}  # what this step needs beside FLASK_SECRET_KEY

    @pytest.fixture(scope="class")
    @classmethod
    def copy(cls, tmp_path_factory: pytest.TempPathFactory) -> Copy:
        return Copy(cls.step, tmp_path_factory.mktemp(cls.step))

    @pytest.fixture(scope="class")
    @classmethod
    def deployed(cls, copy: Copy) -> dict[str, str]:
        """Create the tables and one user; return the environment that makes the app serve them."""
        with copy.demo():
            pass  # leaves its accounts in a database of its own
        environment = {"FLASK_SECRET_KEY": "12345678901234567890", **cls.settings}
        assert copy.run(*copy.flask("init-db"), settings=environment).stdout == "The tables are ready.\n"
        created = copy.run(*copy.flask("create-user", "dora"), stdin="open sesame\n", settings=environment)
        assert (created.stdout, created.stderr) == ("Created dora.\n", "")
        return environment

    def test_flask_run_knows_the_deployers_users_and_nothing_of_the_demo(
        self, copy: Copy, deployed: dict[str, str]
    ) -> None:
        with copy.serve("-m", *copy.flask("run", "-p", "0"), settings=deployed) as client:
            assert client.call("POST", "/api/tokens", basic="alice:demo").status == 401
            assert client.call("GET", "/").status == 404
            token = client.sign_in("dora", "open sesame")
            assert client.call("GET", "/api/me", token=token).json["name"] == "dora"
            assert client.online() == 1

    @needs_gunicorn
    def test_gunicorns_workers_share_the_users_and_the_key(
        self, copy: Copy, deployed: dict[str, str]
    ) -> None:
        with copy.serve("-m", *copy.gunicorn("-w", "2"), settings=deployed) as client:
            assert client.call("POST", "/api/tokens", basic="alice:demo").status == 401
            token = client.sign_in("dora", "open sesame")
            for _ in range(8):  # whichever worker answers
                assert client.call("GET", "/api/me", token=token).status == 200
