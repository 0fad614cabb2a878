"""Step 1 as a deployer starts it."""

from __future__ import annotations

import pytest

from tests.contracts.deployment import DeploymentContract

pytestmark = pytest.mark.slow


class TestStep1Deployed(DeploymentContract):
    """With flask, and with gunicorn."""

    step = "step1_dict"
