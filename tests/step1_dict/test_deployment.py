"""Step 1 as a deployer starts it."""

from __future__ import annotations

import pytest

from tests.contracts.deployment import DeploymentContract, needs_gunicorn
from tests.helpers.started_steps import Copy

pytestmark = pytest.mark.slow


class TestStep1Deployed(DeploymentContract):
    """With flask, and with gunicorn."""

    step = "step1_dict"

    # the settings are read alike in all steps

    def test_with_an_empty_secret_key_flask_prints_one_sentence_and_ends(self, copy: Copy) -> None:
        ended = copy.run(*copy.flask("run", "-p", "0"), settings={"FLASK_SECRET_KEY": ""})
        assert ended.returncode == 3
        assert ended.stderr.startswith("FLASK_SECRET_KEY") and ended.stderr.count("\n") == 1

    @needs_gunicorn
    def test_without_a_secret_key_gunicorn_prints_the_sentence_and_ends(self, copy: Copy) -> None:
        # without that exit status gunicorn starts new workers for ever; 60 seconds are for a busy machine
        ended = copy.run(*copy.gunicorn("-w", "2"), seconds=60)
        assert ended.returncode != 0
        assert "FLASK_SECRET_KEY is not set" in ended.stderr
