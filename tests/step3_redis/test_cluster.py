"""Beyond one Redis: the contract in many keys, and a real cluster whose nodes die and come back."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Event, RLock, Semaphore
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from flask import Flask
from redis import RedisCluster
from redis.exceptions import RedisClusterException

from common.presence import OnlineTracker
from step3_redis.client import LazyCluster, OneSearch
from step3_redis.sharded import ShardedTracker
from step3_redis.tracker import RedisTracker
from tests.contracts.deployment import needs_gunicorn
from tests.contracts.tracker.fixtures import MakeTracker
from tests.helpers.apps import bearer, own_retry_clock, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.redis_cluster import Cluster, redis_cluster
from tests.helpers.redis_server import RedisServer, free_port, wait_until
from tests.helpers.started_steps import ROOT, Copy
from tests.helpers.threads import join, start_thread
from tests.helpers.users import Someone
from tests.step3_redis.conftest import MakeClient, round_trips, tracker_of
from tests.step3_redis.test_sparing import spared
from tests.step3_redis.test_tracker import RedisContract, commands_during

MakeApp = Callable[..., Flask]
SHARDS = 12
ON_A_CLUSTER = {"REDIS_CLUSTER": True, "ONLINE_SHARDS": SHARDS}


class TestManyKeysKeepTheContract(RedisContract):
    """Twelve sorted sets on one Redis."""

    @pytest.fixture
    def make_tracker(self, make_client: MakeClient, prefix: str) -> MakeTracker:
        return partial(ShardedTracker, make_client(), shards=SHARDS, prefix=prefix)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes that all tests here share, and leave as they found them."""
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster_client(cluster: Cluster) -> Iterator[RedisCluster]:
    """A client of the cluster; what it has written is removed."""
    client = RedisCluster.from_url(cluster.url)
    yield client
    client.flushall()
    client.close()


@pytest.mark.slow
class TestAClusterKeepsTheContract(RedisContract):
    """Twelve sorted sets on three nodes."""

    @pytest.fixture
    def make_tracker(self, cluster_client: RedisCluster) -> MakeTracker:
        return partial(ShardedTracker, cluster_client, shards=SHARDS)


@pytest.mark.slow
class TestASparedClusterKeepsTheContract(RedisContract):
    """Twelve sorted sets on three nodes, with a resolution of half a minute."""

    @pytest.fixture
    def make_tracker(self, cluster_client: RedisCluster) -> MakeTracker:
        return spared(partial(ShardedTracker, cluster_client, shards=SHARDS))


@pytest.fixture
def fake(make_client: MakeClient, prefix: str) -> Callable[..., ShardedTracker]:
    """Make trackers on one and the same Redis."""
    return partial(ShardedTracker, make_client(), prefix=prefix)


def sizes_of(client: Any, tracker: ShardedTracker) -> list[int]:
    """Return how many users are in each shard."""
    return [client.zcard(shard.key) for shard in tracker._shards]


IDS: dict[str, Callable[[int], Any]] = {
    "numbers": int,
    "UUIDs": lambda n: UUID(int=n),
    "names": "user {}".format,
}


@pytest.mark.slow
@pytest.mark.parametrize("make_id", IDS.values(), ids=IDS)
def test_users_are_spread_evenly_and_each_node_holds_some(
    cluster: Cluster, cluster_client: RedisCluster, make_id: Callable[[int], Any]
) -> None:
    tracker = ShardedTracker(cluster_client, shards=SHARDS, clock=FakeClock())
    users = 12_000
    for number in range(users):
        tracker.mark_online(Someone(make_id(number)))
    even = users / SHARDS
    sizes = sizes_of(cluster_client, tracker)
    assert sum(sizes) == tracker.get_online() == users
    assert all(0.8 * even < size < 1.2 * even for size in sizes), sizes
    assert all(cluster.keys()) and sum(map(len, cluster.keys())) == SHARDS


@pytest.mark.slow
def test_no_command_touches_two_slots(cluster: Cluster, cluster_client: RedisCluster) -> None:
    clients = [node.client() for node in cluster.nodes]
    for client in clients:
        client.config_set("slowlog-log-slower-than", 0)  # which logs each command with its arguments
        client.config_set("slowlog-max-len", 1000)
        client.slowlog_reset()
    tracker = ShardedTracker(cluster_client, shards=SHARDS)
    for number in range(50):
        tracker.mark_online(Someone(number))
        tracker.last_seen(Someone(number))
    tracker.online_users()
    assert tracker.get_online() == 50
    seen = set()
    for client in clients:
        client.config_set("slowlog-log-slower-than", -1)
        for entry in client.slowlog_get(1000):
            command = entry["command"].decode().split()
            if command[0].startswith("Z") or command[0] == "PEXPIRE":
                keys: Any = client.execute_command("COMMAND GETKEYS", *command)  # type: ignore[no-untyped-call]
                assert len(keys) == 1
                seen.add(command[0])
        client.close()
    assert seen == {"ZADD", "ZREMRANGEBYSCORE", "PEXPIRE", "ZSCORE", "ZRANGE", "ZCOUNT"}


def test_a_user_is_in_the_same_shard_in_every_process() -> None:
    program = (
        "from unittest.mock import Mock; from step3_redis.sharded import ShardedTracker; "
        "tracker = ShardedTracker(Mock(), shards=12); "
        "print([tracker._shard(Mock(id=each)).key for each in (1, 'alice@example.com', '张三')])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {"['online:11:last-seen', 'online:9:last-seen', 'online:10:last-seen']\n"}


@pytest.mark.parametrize("backend", ["fakeredis"], indirect=True)
@pytest.mark.parametrize(("before", "after"), [(5, SHARDS), (SHARDS, 5)])
def test_another_number_of_shards_is_wrong_for_the_longest_window_kept_and_then_right(
    fake: Callable[..., ShardedTracker], before: int, after: int
) -> None:
    hour = timedelta(hours=1)
    clock, users = FakeClock(), [Someone(number) for number in range(100)]
    old, new = (fake(shards=shards, clock=clock, keep=hour) for shards in (before, after))
    for user in users:
        old.mark_online(user)
    # the shards of five are among those of twelve, and not the other way round
    assert (new.get_online() == 100) == (before < after)
    clock.advance(minutes=4)
    for user in users:
        new.mark_online(user)
    assert new.get_online() > 100  # some still count where they were
    clock.advance(minutes=1)
    assert new.get_online() == 100 < new.get_online(hour)
    clock.advance(minutes=55)
    assert new.get_online(hour) == 100


def test_sharding_keeps_its_promises_in_the_eyes_of_the_type_checker(
    fake: Callable[..., ShardedTracker],
) -> None:
    promised: OnlineTracker = fake(shards=2, window=timedelta(minutes=2))
    one: OnlineTracker = RedisTracker(None, window=timedelta(minutes=2))
    for declared in (
        "window",
        "resolution",
        "survives_restart",
        "shared_between_processes",
        "any_window",
        "outages",
        "overloads",
    ):
        assert getattr(promised, declared) == getattr(one, declared), declared


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
def test_each_call_is_one_round_trip_but_for_the_list_which_asks_each_shard(
    make_client: MakeClient, prefix: str
) -> None:
    client = make_client()
    tracker = ShardedTracker(client, shards=SHARDS, prefix=prefix)
    user = Someone(1)
    tracker.mark_online(user)  # the first mark of a shard also tidies it
    for call, trips in (
        (partial(tracker.mark_online, user), 1),
        (tracker.get_online, 1),
        (partial(tracker.last_seen, user), 1),
        (tracker.online_users, SHARDS),
    ):
        assert round_trips(client, call) == trips, call


@pytest.mark.parametrize("shards", [1, 2])
def test_a_count_asks_for_each_shard_in_a_command_of_its_own(own_server: RedisServer, shards: int) -> None:
    """In a transaction, a cluster would refuse keys that are on two nodes."""
    client, clock = own_server.client(), FakeClock()
    tracker = ShardedTracker(client, shards=shards, clock=clock)
    client.ping()  # a new connection introduces itself
    since = round(clock() * 1_000_000) - 300_000_000
    assert commands_during(own_server.client(), client, tracker.get_online) == [
        f"ZCOUNT online:{n}:last-seen ({since} +inf" for n in range(shards)
    ]


def statuses(app: Flask, token: str) -> tuple[int, int]:
    """Send an authenticated request, and ask for the count."""
    client = app.test_client()
    return client.get("/api/me", headers=bearer(token)).status_code, client.get("/api/online").status_code


def online(app: Flask) -> int:
    """Return the count."""
    answer = app.test_client().get("/api/online").json
    assert answer is not None
    return int(answer["online"])


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["killed", "hung"])
def test_a_node_in_trouble_makes_the_count_unknown_and_never_less_and_fails_no_request(
    tmp_path: Path, make_app: MakeApp, trouble: str
) -> None:
    with redis_cluster(tmp_path) as cluster:
        app = make_app(cluster.url, **ON_A_CLUSTER)
        clock = own_retry_clock(app)
        tokens = [token_of(app, name) for name in ("alice", "bob", "carol")]
        for number in range(100, 150):
            tracker_of(app).mark_online(Someone(number))
        assert online(app) == 53
        node: RedisServer = cluster.nodes[1]
        with node.client() as client:
            held = {int(member) for key in client.keys("*") for member in client.zrange(key, 0, -1)}
        forgotten = held - {1, 2, 3} if trouble == "killed" else set()  # these three come again below
        node.cut_power() if trouble == "killed" else node.hang()
        for _ in range(5):
            assert [statuses(app, token) for token in tokens] == [(200, 503)] * 3
            clock.advance(seconds=5)
        node.start() if trouble == "killed" else node.go_on()
        wait_until(lambda: all(map(cluster.is_whole, cluster.nodes)))
        for token in tokens:
            clock.advance(seconds=5)
            statuses(app, token)
        assert [statuses(app, token) for token in tokens] == [(200, 200)] * 3
        assert 0 < len(held) < 53
        assert online(app) == 53 - len(forgotten)


@pytest.mark.slow
def test_a_cluster_whose_nodes_are_all_silent_is_searched_by_one_request_for_all(
    tmp_path: Path, make_app: MakeApp
) -> None:
    threads = 16
    with redis_cluster(tmp_path) as cluster:
        app = make_app(cluster.url, **ON_A_CLUSTER)
        clock = own_retry_clock(app)
        presence = app.extensions["presence"]
        presence.record(1)
        search = presence.tracker._shards[0]._client.nodes_manager.initialize
        search._search = look = Mock(wraps=search._search)
        for node in cluster.nodes:
            node.hang()
        start = Barrier(threads)

        def mark(number: int) -> None:
            start.wait()
            presence.record(number)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(mark, range(threads)))
        # Without OneSearch each of the 16 threads searches, one after the other, for three timeouts each.
        assert 1 <= look.call_count < threads / 2
        for node in cluster.nodes:
            node.go_on()
        wait_until(lambda: all(map(cluster.is_whole, cluster.nodes)))
        clock.advance(seconds=5)
        presence.record(1)
        assert not presence._marks.failing


@pytest.mark.slow
def test_a_cluster_that_is_not_there_at_first_fails_no_request(tmp_path: Path, make_app: MakeApp) -> None:
    port = free_port()
    app = make_app(f"redis://127.0.0.1:{port}", **ON_A_CLUSTER)
    clock = own_retry_clock(app)
    token = token_of(app, "alice")
    assert statuses(app, token) == (200, 503)
    with redis_cluster(tmp_path, port=port):
        clock.advance(seconds=5)
        assert statuses(app, token) == (200, 200)
        assert online(app) == 1


@pytest.mark.slow
@needs_gunicorn
def test_two_workers_on_a_cluster_give_every_client_one_and_the_same_count(
    cluster: Cluster, cluster_client: RedisCluster, tmp_path: Path
) -> None:
    copy = Copy("step3_redis", tmp_path)
    settings = {
        "FLASK_SECRET_KEY": "12345678901234567890",
        "FLASK_REDIS_URL": cluster.url,
        "FLASK_REDIS_CLUSTER": "true",
        "FLASK_ONLINE_SHARDS": str(SHARDS),
    }
    assert copy.run(*copy.flask("init-db"), settings=settings).returncode == 0
    created = copy.run(*copy.flask("create-user", "dora"), stdin="open sesame\n", settings=settings)
    assert created.returncode == 0
    assert copy.counts_of_two_workers(settings, "dora", "open sesame") == {1}
    assert cluster_client.zcount("online:11:last-seen", "-inf", "+inf") == 1  # dora's id is 1


def test_a_cluster_is_asked_with_the_timeouts_of_one_redis_and_no_second_try(make_app: MakeApp) -> None:
    lazy = tracker_of(make_app("redis://127.0.0.1:1", **ON_A_CLUSTER))._client._redis_client
    assert (lazy._connect.func, lazy._connect.args) == (RedisCluster.from_url, ("redis://127.0.0.1:1",))
    options = {**lazy._connect.keywords}
    assert options.pop("retry")._retries == 0
    assert options == {
        "max_connections": 10_000,
        "socket_timeout": 0.2,
        "socket_connect_timeout": 0.2,
        "socket_keepalive": True,
    }


def test_options_in_the_address_of_a_cluster_outrank_the_timeouts_at_each_node(
    cluster: Cluster, make_app: MakeApp
) -> None:
    client = tracker_of(make_app(f"{cluster.url}?socket_timeout=1&max_connections=5", **ON_A_CLUSTER))._client
    nodes = client.get_nodes()
    assert len(nodes) == 3
    for node in nodes:
        pool = client.get_redis_connection(node).connection_pool
        told = pool.connection_kwargs
        assert (told["socket_timeout"], told["socket_connect_timeout"], pool.max_connections) == (1, 0.2, 5)


class Nodes:
    """A cluster that has been found."""

    closed = False

    def __init__(self) -> None:
        self.nodes_manager = Mock()

    def ping(self) -> str:
        return "pong"

    def close(self) -> None:
        self.closed = True


def test_a_cluster_is_looked_for_at_the_first_call_again_until_it_is_found_and_then_no_more() -> None:
    answers: list[Any] = [RedisClusterException("no node answers"), nodes := Nodes()]
    search = nodes.nodes_manager.initialize

    def connect() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = LazyCluster(connect)
    client.close()  # there is nothing to close yet
    assert len(answers) == 2
    with pytest.raises(RedisClusterException):
        client.ping()
    assert [client.ping(), client.ping()] == ["pong", "pong"]
    assert not nodes.closed
    client.close()
    assert nodes.closed
    assert isinstance(nodes.nodes_manager.initialize, OneSearch)
    nodes.nodes_manager.initialize("as redis-py", asks=True)
    search.assert_called_once_with("as redis-py", asks=True)


def test_a_cluster_that_is_not_found_yet_can_be_copied_and_is_not_looked_for_meanwhile() -> None:
    connect = Mock(return_value=Nodes())
    client = LazyCluster(connect)
    copied = copy(client)
    with pytest.raises(AttributeError, match=r"^__len__$"):
        client.__len__()
    assert connect.call_count == 0
    assert (copied.ping(), connect.call_count) == ("pong", 1)


class NotedLock:
    """A lock that tells how many threads have asked for it."""

    def __init__(self) -> None:
        self._lock = RLock()
        self.asked = Semaphore(0)

    def __enter__(self) -> None:
        self.asked.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


NO_NODE = RedisClusterException("no node answers")


@pytest.mark.parametrize("endings", [(None, NO_NODE), (NO_NODE, None)], ids=["lost again", "found again"])
def test_of_threads_that_need_the_nodes_at_once_one_searches_and_all_have_what_it_found(
    endings: tuple[Exception | None, ...],
) -> None:
    may_end = Event()
    look = Mock()
    search = OneSearch(lambda: (may_end.wait(10), look())[1])
    search._lock = lock = NotedLock()  # type: ignore[assignment]
    outcomes: list[Exception | None] = []

    def need_the_nodes() -> None:
        try:
            search()
        except RedisClusterException as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    for searches, ending in enumerate(endings, start=1):  # who comes later searches anew
        may_end.clear()
        look.side_effect = ending
        outcomes.clear()
        threads = [start_thread(need_the_nodes) for _ in range(4)]
        for _ in threads:
            assert lock.asked.acquire(timeout=10)  # it has come before this search ended
        may_end.set()
        join(*threads)
        assert (look.call_count, [str(each) for each in outcomes]) == (searches, [str(ending)] * 4)


@pytest.mark.slow
def test_a_name_of_several_nodes_leads_to_the_one_that_lives(
    cluster: Cluster, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, look_up = int(cluster.url.rpartition(":")[2]), socket.getaddrinfo

    def look_up_nodes(host: str, *arguments: Any) -> Any:
        if host != "nodes.example":
            return look_up(host, *arguments)
        dead, living = "127.0.0.99", "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in (dead, living)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up_nodes)
    app = make_app(f"redis://nodes.example:{port}", **ON_A_CLUSTER)
    assert statuses(app, token_of(app, "alice")) == (200, 200)


@pytest.mark.slow
def test_a_failover_within_a_cluster_is_followed(tmp_path: Path, make_app: MakeApp) -> None:
    with redis_cluster(tmp_path, replicas=1) as cluster:
        app = make_app(cluster.url, **ON_A_CLUSTER)
        clock = own_retry_clock(app)
        token = token_of(app, "alice")
        assert statuses(app, token) == (200, 200)
        cluster.fail_over()
        for _ in range(3):  # one mark may find the old primary, and the next is told of the new one
            clock.advance(seconds=5)
            answers = statuses(app, token)
        assert answers == (200, 200)
