"""What step 3 needs to be allowed on a Redis: six commands, on keys with its prefix."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis, RedisCluster
from redis.exceptions import NoPermissionError

from common.presence import OnlineTracker
from step3_redis.sharded import ShardedTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.clock import FakeClock
from tests.helpers.redis_cluster import redis_cluster
from tests.helpers.redis_server import RedisServer
from tests.helpers.users import ALICE

# docs/deployment.md shows it
RULE = "reset on >secret ~online:* +zadd +zremrangebyscore +pexpire +zcount +zrange +zscore"
ON_A_CLUSTER = RULE + " +cluster|slots +command"
COMMANDS = [word[1:] for word in RULE.split() if word.startswith("+")]


def limited(server: RedisServer, rule: str) -> str:
    """Make a user who may do no more than the rule says, and return the address to sign in with."""
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "presence", *rule.split())
    return server.url.replace("redis://", "redis://presence:secret@")


def use(tracker: OnlineTracker) -> None:
    """Call all that a tracker has."""
    tracker.mark_online(ALICE)
    assert tracker.get_online() == 1
    assert [user_id for user_id, _ in tracker.online_users()] == [ALICE.id]
    assert tracker.last_seen(ALICE) is not None


def test_the_six_commands_on_keys_with_the_prefix_are_enough(own_server: RedisServer) -> None:
    with Redis.from_url(limited(own_server, RULE)) as client:
        use(RedisTracker(client, clock=FakeClock()))
        with pytest.raises(NoPermissionError):
            RedisTracker(client, prefix="another").mark_online(ALICE)
        with pytest.raises(NoPermissionError):
            client.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_of_the_six_commands_is_needed(own_server: RedisServer, command: str) -> None:
    address = limited(own_server, RULE.replace(f" +{command}", ""))
    with Redis.from_url(address) as client, pytest.raises(NoPermissionError):
        use(RedisTracker(client, clock=FakeClock()))


@pytest.mark.slow
def test_on_a_cluster_two_more_tell_which_node_to_ask(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as cluster:
        address, *_ = [limited(node, ON_A_CLUSTER) for node in cluster.nodes]
        client = RedisCluster.from_url(address)
        use(ShardedTracker(client, shards=12, clock=FakeClock()))
        client.close()
