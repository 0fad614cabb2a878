"""recipes/metrics.py: a number for Prometheus, or none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.helpers.apps import bearer
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import RedisServer

pytest.importorskip("prometheus_client")
from prometheus_client.parser import text_string_to_metric_families

from recipes.metrics import create_app

pytestmark = pytest.mark.slow

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


@pytest.fixture
def new_worker(
    server: RedisServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], FlaskClient]:
    monkeypatch.setenv("FLASK_REDIS_URL", server.url)
    monkeypatch.setenv("FLASK_METRICS_TOKEN", "a secret")
    return lambda: create_app(clock).test_client()


def scraped(worker: FlaskClient, token: str = "a secret") -> dict[str, list[float]]:
    """Return the samples of each metric, as Prometheus reads them."""
    answer = worker.get("/metrics", headers=bearer(token))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {family.name: [sample.value for sample in family.samples] for family in families}


def test_every_worker_tells_the_number_of_all_and_a_scrape_marks_nobody(
    new_worker: Callable[[], FlaskClient],
) -> None:
    workers = [new_worker(), new_worker()]
    workers[0].get("/hello", auth=ALICE)
    workers[1].get("/hello", auth=BOB)
    found = [scraped(worker)["users_online"][0] for worker in workers]
    assert found == [2, 2]
    assert (max(found), sum(found)) == (2, 4)  # the first is true
    assert scraped(new_worker()) == {"users_online": [2]}


def test_that_nobody_is_online_is_a_number_too(new_worker: Callable[[], FlaskClient]) -> None:
    assert scraped(new_worker()) == {"users_online": [0]}


def test_there_is_no_sample_while_it_is_unknown(
    new_worker: Callable[[], FlaskClient], server: RedisServer, clock: FakeClock
) -> None:
    worker = new_worker()
    worker.get("/hello", auth=ALICE)
    assert scraped(worker) == {"users_online": [1]}
    server.hang()
    worker.get("/hello", auth=ALICE)  # after it, this worker knows that the store fails
    assert scraped(worker) == {"users_online": []}
    assert scraped(new_worker()) == {"users_online": []}  # and this one learns it now
    server.go_on()
    assert scraped(new_worker()) == {"users_online": [1]}


def test_there_is_no_sample_while_redis_takes_no_marks(
    new_worker: Callable[[], FlaskClient], server: RedisServer, clock: FakeClock
) -> None:
    worker = new_worker()
    with server.client() as redis:
        redis.config_set("maxmemory", 1)
    worker.get("/hello", auth=ALICE)
    assert scraped(worker) == {"users_online": []}  # and not 0


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer guessed", "Bearer \u00e9", "Basic YTpi"]
)
def test_only_who_has_the_token_may_read(new_worker: Callable[[], FlaskClient], header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert new_worker().get("/metrics", headers=headers).status_code == 401


@pytest.mark.parametrize("setting", [None, "", "null"])
def test_without_the_setting_a_token_is_made_and_shown(
    setting: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if setting is not None:
        monkeypatch.setenv("FLASK_METRICS_TOKEN", setting)
    app: Flask = create_app()
    (shown,) = [record for record in caplog.records if "FLASK_METRICS_TOKEN is not set" in record.message]
    token = shown.message.split()[-1]
    assert len(token) == 43
    client = app.test_client()
    for guess in ("", "None", "null"):
        assert client.get("/metrics", headers=bearer(guess)).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert scraped(client, token) == {"users_online": [0]}


def test_a_token_of_digits_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_METRICS_TOKEN", "12345")
    assert scraped(create_app().test_client(), "12345") == {"users_online": [0]}
