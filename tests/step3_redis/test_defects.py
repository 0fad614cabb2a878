"""One test for each defect of the article's Redis: it fails there, and ours passes.

redis-8 is in test_outages.py, redis-13 in test_persistence.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fakeredis import FakeRedis, FakeServer
from flask import Flask
from flask_redis import FlaskRedis
from redis import Redis, RedisCluster, ResponseError

from article.with_redis import ArticleRedis
from step3_redis.tracker import RedisTracker
from tests.helpers.clock import FakeClock
from tests.helpers.redis_server import NO_PERSISTENCE, RedisServer, free_port, redis_server, wait_until
from tests.helpers.users import ALICE, BOB, Someone
from tests.step3_redis.conftest import tracker_of


@pytest.fixture
def clock() -> FakeClock:
    """Tomorrow at noon: what the article lets expire then, no server drops today."""
    return FakeClock(
        (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    )


@pytest.fixture
def client() -> Redis:
    return FakeRedis(server=FakeServer())


@pytest.fixture
def article(client: Redis, clock: FakeClock) -> ArticleRedis:
    return ArticleRedis(client, clock)


@pytest.fixture
def ours(client: Redis, clock: FakeClock) -> RedisTracker:
    return RedisTracker(client, clock=clock)


def test_redis_1_all_that_is_used_is_imported(ours: RedisTracker) -> None:
    with pytest.raises(NameError, match="time"):
        exec("from flask_redis import FlaskRedis\nnow = int(time.time())", {})
    ours.mark_online(ALICE)


def test_redis_2_a_users_last_seen_is_found_by_the_users_id(
    article: ArticleRedis, ours: RedisTracker, client: Redis, clock: FakeClock
) -> None:
    article.mark_online(ALICE)
    assert client.exists("user-activity/1") == 0
    assert client.exists("user-activity/b'1'") == 1
    ours.mark_online(ALICE)
    assert ours.last_seen(ALICE) == clock.now


@pytest.mark.parametrize(("second", "article_forgets_after"), [(59, 241), (30, 270), (0, 300)])
def test_redis_3_five_minutes_are_five_minutes_at_any_second(
    article: ArticleRedis, ours: RedisTracker, clock: FakeClock, second: int, article_forgets_after: int
) -> None:
    clock.advance(seconds=second)
    article.mark_online(ALICE)
    ours.mark_online(ALICE)
    seen_at = clock.now

    def counts_after(seconds: float) -> tuple[int, int]:
        clock.now = seen_at + timedelta(seconds=seconds)
        return article.get_online(), ours.get_online()

    assert counts_after(article_forgets_after - 1) == (1, 1)
    assert counts_after(article_forgets_after)[0] == 0
    assert counts_after(299.999999)[1] == 1
    assert counts_after(300) == (0, 0)


def test_redis_4_a_count_sends_a_number_and_not_everyone(own_server: RedisServer) -> None:
    with own_server.client() as client, Redis.from_url(own_server.url) as raw:
        article, ours = ArticleRedis(raw), RedisTracker(raw)
        for user_id in range(1000):
            article.mark_online(Someone(user_id))
            ours.mark_online(Someone(user_id))

        def bytes_sent(count: Callable[[], int]) -> int:
            before = int(client.info("stats")["total_net_output_bytes"])
            assert count() == 1000
            return int(client.info("stats")["total_net_output_bytes"]) - before

        cost_of_asking = bytes_sent(lambda: 1000)
        assert bytes_sent(article.get_online) - cost_of_asking > 5000
        assert bytes_sent(ours.get_online) - cost_of_asking < 100


@pytest.mark.parametrize(
    ("user_id", "decode", "error"),
    [(uuid4(), False, ValueError), (7, True, AttributeError)],
    ids=["UUID", "str"],
)
def test_redis_5_a_count_decodes_nothing(
    clock: FakeClock, user_id: Any, decode: bool, error: type[Exception]
) -> None:
    client = FakeRedis(server=FakeServer(), decode_responses=decode)
    article, ours = ArticleRedis(client, clock), RedisTracker(client, clock=clock)
    article.mark_online(Someone(user_id))
    ours.mark_online(Someone(user_id))
    with pytest.raises(error):
        article.get_online()
    assert ours.get_online() == 1


def test_redis_6_one_key_is_in_one_slot_of_a_cluster(tmp_path: Path) -> None:
    cluster = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with redis_server(tmp_path, *NO_PERSISTENCE, *cluster) as server:
        with server.client() as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        with Redis.from_url(server.url) as client:
            article = ArticleRedis(client)
            for call in (article.get_online, partial(article.mark_online, ALICE)):
                with pytest.raises(ResponseError, match="slot"):
                    call()
        with RedisCluster.from_url(server.url) as cluster_client:
            ours = RedisTracker(cluster_client)
            ours.mark_online(ALICE)
            assert ours.get_online() == 1
            assert ours.online_users()[0][0] == ALICE.id
            server.end()
            with pytest.raises(ours.outages):
                for _ in range(3):
                    ours.mark_online(ALICE)


def test_redis_7_nothing_is_written_that_nobody_reads(
    article: ArticleRedis, ours: RedisTracker, client: Redis
) -> None:
    article.mark_online(ALICE)
    assert len(client.keys("*")) == 2
    client.delete(*client.keys("*"))
    ours.mark_online(ALICE)
    assert len(client.keys("*")) == 1
    assert ours.last_seen(ALICE) is not None


def test_redis_9_the_name_is_init_app(make_app: Callable[..., Flask]) -> None:
    with pytest.raises(AttributeError):
        FlaskRedis().initapp(Flask("article"))
    make_app("redis://127.0.0.1:1111")


def test_redis_10_two_apps_on_one_redis_do_not_mix(client: Redis, clock: FakeClock) -> None:
    shop, forum = ArticleRedis(client, clock), ArticleRedis(client, clock)
    shop.mark_online(ALICE)
    assert forum.get_online() == 1  # who has never been there
    our_shop, our_forum = (RedisTracker(client, prefix=name, clock=clock) for name in ("shop", "forum"))
    our_shop.mark_online(ALICE)
    assert (our_shop.get_online(), our_forum.get_online()) == (1, 0)


def test_redis_11_each_app_has_a_client_of_its_own(make_app: Callable[..., Flask]) -> None:
    one_for_all = FlaskRedis()
    for port in (1111, 2222):
        app = Flask("article")
        app.config["REDIS_URL"] = f"redis://127.0.0.1:{port}"
        one_for_all.init_app(app)
    assert one_for_all.connection_pool.connection_kwargs["port"] == 2222  # for the first app too

    apps = [make_app(f"redis://127.0.0.1:{port}") for port in (1111, 2222)]
    ports = [tracker_of(app)._client.connection_pool.connection_kwargs["port"] for app in apps]
    assert ports == [1111, 2222]


def test_redis_12_a_worker_whose_clock_lags_moves_nobody_back(
    article: ArticleRedis, ours: RedisTracker, client: Redis, clock: FakeClock
) -> None:
    seen_at = clock.now
    for _ in range(2):
        article.mark_online(BOB)
        ours.mark_online(BOB)
        clock.advance(seconds=-100)
    activity = client.get("user-activity/b'2'")
    assert activity is not None and int(activity) == seen_at.timestamp() - 100
    assert ours.last_seen(BOB) == seen_at
