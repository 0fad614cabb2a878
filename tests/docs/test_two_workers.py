"""Why steps 2 and 3 exist: two workers of step 1 tell clients different counts, those of step 3 do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.deployment import needs_gunicorn
from tests.helpers.redis_server import redis_server
from tests.helpers.started_steps import Copy

pytestmark = pytest.mark.slow

KEY = {"FLASK_SECRET_KEY": "12345678901234567890"}


@needs_gunicorn
def test_two_workers_of_step_1_disagree_and_say_so_and_those_of_step_3_agree(tmp_path: Path) -> None:
    copies = {step: Copy(step, tmp_path / step) for step in ("step1_dict", "step3_redis")}
    with redis_server(tmp_path) as redis:
        settings = KEY | {"FLASK_REDIS_URL": redis.url}
        answers = {step: counts_told_by(copy, settings) for step, copy in copies.items()}
    assert answers == {"step1_dict": {0, 1}, "step3_redis": {1}}
    told = {step: "starts 2 workers" in copy.log.read_text("utf-8") for step, copy in copies.items()}
    assert told == {"step1_dict": True, "step3_redis": False}


def counts_told_by(copy: Copy, settings: dict[str, str]) -> set[int]:
    """Prepare a deployment with one user, and collect what its two workers tell."""
    assert copy.run(*copy.flask("init-db"), settings=settings).returncode == 0
    created = copy.run(*copy.flask("create-user", "dora"), stdin="open sesame\n", settings=settings)
    assert created.returncode == 0
    return copy.counts_of_two_workers(settings, "dora", "open sesame")
