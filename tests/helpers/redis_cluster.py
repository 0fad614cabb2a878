"""A real Redis Cluster for the tests: three nodes on loopback that they start, kill and start again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.redis_server import NO_PERSISTENCE, RedisServer, free_port, redis_server, wait_until

SLOTS = 16384
FAIL_AFTER_MILLISECONDS = 500


class Cluster:
    """Nodes that share the slots evenly; without replicas, so that a killed one is missed."""

    def __init__(self, nodes: list[RedisServer]) -> None:
        self.nodes = nodes
        self.url = nodes[0].url.removesuffix("/0")

    def assemble(self) -> None:
        """Give each node its slots, and let them meet."""
        for number, node in enumerate(self.nodes):
            first, end = (SLOTS * edge // len(self.nodes) for edge in (number, number + 1))
            with node.client() as client:
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, end - 1)
                bus = int(node.options[node.options.index("--cluster-port") + 1])
                with self.nodes[0].client() as other:
                    other.execute_command("CLUSTER MEET", "127.0.0.1", node.port, bus)
        wait_until(lambda: all(map(self.is_whole, self.nodes)))

    def is_whole(self, node: RedisServer) -> bool:
        """Whether a node knows all others and who holds which slots."""
        with node.client() as client:
            info: Any = client.execute_command("CLUSTER INFO")
            return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(len(self.nodes)))

    def give_replica(self, replica: RedisServer) -> None:
        """Let one more node follow the first."""
        bus = int(replica.options[replica.options.index("--cluster-port") + 1])
        with self.nodes[0].client() as first, replica.client() as client:
            first.execute_command("CLUSTER MEET", "127.0.0.1", replica.port, bus)
            node_id = first.execute_command("CLUSTER MYID")
            self.nodes.append(replica)
            wait_until(lambda: all(map(self.is_whole, self.nodes)))
            client.execute_command("CLUSTER REPLICATE", node_id)
            wait_until(lambda: client.info("replication")["master_link_status"] == "up")

    def fail_over(self) -> None:
        """Let the last node, a replica, take the place of its primary."""
        with self.nodes[-1].client() as client:
            client.execute_command("CLUSTER FAILOVER")
            wait_until(lambda: client.info("replication")["role"] == "master")
        wait_until(lambda: all(map(self.is_whole, self.nodes)))

    def keys(self) -> list[list[str]]:
        """Return the keys of each node."""
        found = []
        for node in self.nodes:
            with node.client() as client:
                found.append(sorted(client.keys("*")))
        return found


@contextmanager
def redis_cluster(
    folder: Path, *, port: int | None = None, nodes: int = 3, replicas: int = 0
) -> Iterator[Cluster]:
    """Lend a running cluster, its first node on a port of one's own; skip or fail as redis_server() does."""
    with ExitStack() as stack:
        servers = []
        for number in range(nodes + replicas):
            place = folder / f"node-{number}"
            place.mkdir()
            options = ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
            options += ["--cluster-node-timeout", str(FAIL_AFTER_MILLISECONDS)]
            own = port if number == 0 else None
            servers.append(stack.enter_context(redis_server(place, *NO_PERSISTENCE, *options, port=own)))
        cluster = Cluster(servers[:nodes])
        cluster.assemble()
        for replica in servers[nodes:]:
            cluster.give_replica(replica)
        yield cluster
