"""A real Redis with a replica and three Sentinels, for the tests: they watch it, and fail it over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from redis import RedisError

from tests.helpers.redis_server import NO_PERSISTENCE, RedisServer, redis_server, wait_until

NAME = "mymaster"
SENTINELS = 3
DOWN_AFTER_MILLISECONDS = 500
# Two Sentinels may vote for themselves at the same moment. They try again after twice this time, which has to
# be well within what a test waits for.
FAILOVER_TIMEOUT_MILLISECONDS = 1000


class Watched:
    """A primary, its replica, and the Sentinels that watch them."""

    def __init__(self, primary: RedisServer, replica: RedisServer, sentinels: list[RedisServer]) -> None:
        self.primary, self.replica, self.sentinels = primary, replica, sentinels
        self.addresses = [["127.0.0.1", sentinel.port] for sentinel in sentinels]

    def are_ready(self) -> bool:
        """Whether each Sentinel knows the replica and the other Sentinels."""
        for sentinel in self.sentinels:
            with sentinel.client() as client:
                seen: Any = client.sentinel_master(NAME)
                if (seen["num-slaves"], seen["num-other-sentinels"]) != (1, SENTINELS - 1):
                    return False
        return True

    def is_failed_over(self) -> bool:
        """Whether the replica is the primary, and each living Sentinel says so."""
        for sentinel in self.sentinels:
            if sentinel.process is None:
                continue
            with sentinel.client() as client:
                seen: Any = client.sentinel_master(NAME)
                if seen["port"] != self.replica.port:
                    return False
        try:
            with self.replica.client() as client:
                return bool(client.info("replication")["role"] == "master")
        except RedisError:  # it closes all connections at the moment that it is promoted
            return False


@contextmanager
def redis_with_sentinels(folder: Path) -> Iterator[Watched]:
    """Lend them, running; skip or fail as redis_server() does."""
    with ExitStack() as stack:

        def start(name: str, *options: str) -> RedisServer:
            place = folder / name
            place.mkdir()
            return stack.enter_context(redis_server(place, *options))

        primary = start("primary", *NO_PERSISTENCE, "--repl-diskless-sync-delay", "0")
        address = ("127.0.0.1", str(primary.port))
        replica = start("replica", *NO_PERSISTENCE, "--replicaof", *address)
        sentinels = []
        for number in range(SENTINELS):
            place = folder / f"sentinel-{number}"
            place.mkdir()
            settings = place / "sentinel.conf"
            settings.write_text(
                f"sentinel monitor {NAME} {' '.join(address)} {SENTINELS // 2 + 1}\n"
                f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MILLISECONDS}\n"
                f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MILLISECONDS}\n",
                encoding="utf-8",
            )
            sentinels.append(stack.enter_context(redis_server(place, str(settings), "--sentinel")))
        watched = Watched(primary, replica, sentinels)
        with replica.client() as client:
            wait_until(lambda: bool(client.info("replication")["master_link_status"] == "up"))
        wait_until(watched.are_ready)
        yield watched
