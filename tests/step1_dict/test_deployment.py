"""Step 1 as a deployer starts it."""

from __future__ import annotations

from tests.deployment_contract import DeploymentContract


class TestStep1Deployed(DeploymentContract):
    """With flask, and with gunicorn."""

    step = "step1_dict"
