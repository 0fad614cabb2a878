"""Why steps 2 and 3 exist: two workers of step 1 tell clients different counts, those of step 3 do not."""

from __future__ import annotations

from pathlib import Path

from tests.deployment_contract import needs_gunicorn
from tests.redis_servers import redis_server
from tests.servers import Copy

KEY = {"FLASK_SECRET_KEY": "12345678901234567890"}


@needs_gunicorn
def test_two_workers_of_step_1_disagree_and_those_of_step_3_agree(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        answers = {
            step: counts_of_two_workers(Copy(step, tmp_path / step), KEY | {"FLASK_REDIS_URL": redis.url})
            for step in ("step1_dict", "step3_redis")
        }
    assert answers == {"step1_dict": {0, 1}, "step3_redis": {1}}


def counts_of_two_workers(copy: Copy, settings: dict[str, str]) -> set[int]:
    """Start two workers, sign in once, and collect what many clients are told."""
    flask = ["flask", "--app", f"{copy.step}.app"]
    assert copy.run(*flask, "init-db", settings=settings).returncode == 0
    assert copy.run(*flask, "create-user", "dora", stdin="open sesame\n", settings=settings).returncode == 0
    with copy.serve(*copy.gunicorn(), settings=settings) as client:
        client.sign_in("dora", "open sesame")
        return copy.counts_of_both_workers(client)
