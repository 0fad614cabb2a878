"""A real Redis for the tests: one of their own that they start, stop and hang as they like."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import choice

import pytest
from redis import Redis, RedisError

START_SECONDS = 10
PORTS = range(20_000, 32_000)  # below those that Linux and macOS give to outgoing connections
SERVERS = ("redis-server", "valkey-server")


def wait_until(happened: Callable[[], bool]) -> None:
    """Ask again until it has happened; fail when that takes too long."""
    give_up_at = time.monotonic() + START_SECONDS
    while not happened():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def free_port() -> int:
    """Return a port on which nobody listens now, and which the system gives to no connection meanwhile."""
    while True:
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", choice(PORTS)))
            port: int = free.getsockname()[1]
            return port


def program() -> str:
    """Return the name of the server to start: TEST_REDIS_SERVER, or what is there of Redis and Valkey.

    Skip where there is none, fail where REQUIRE_SERVERS=1.
    """
    wanted = os.environ.get("TEST_REDIS_SERVER")
    found = next(filter(shutil.which, [wanted] if wanted else SERVERS), None)
    if found:
        return found
    reason = f"{wanted or ' or '.join(SERVERS)} is not installed: these tests start one of their own"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class RedisServer:
    """A server process on a port of its own; its options outlive a restart."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def client(self) -> Redis:
        """A client for looking at the server, beside the app's."""
        return Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        fixed = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([program(), *self.options, *fixed], stdout=log, stderr=log)
        with self.client() as client:
            wait_until(lambda: self._answers(client))

    def _answers(self, client: Redis) -> bool:
        assert self.process and self.process.poll() is None, (self.folder / "redis.log").read_text("utf-8")
        try:
            return bool(client.info("server")["process_id"] == self.process.pid)
        except RedisError:
            return False

    def hang(self) -> None:
        """Let it accept connections and answer nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the hanging."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it in good order, if it runs."""
        if self.process:
            self.go_on()
            self.process.terminate()
            try:
                self.process.wait(START_SECONDS)
            finally:
                self.cut_power()

    def cut_power(self) -> None:
        """End it at once, with no time to write anything."""
        if self.process:
            self.process.kill()
            self.process.wait(START_SECONDS)
            self.process = None


NO_PERSISTENCE = ("--save", "", "--appendonly", "no")
SNAPSHOTS = ("--save", "3600", "1", "--appendonly", "no")  # RDB: after an hour, and on an orderly end
LOG = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")  # AOF
LOG_EACH_SECOND = (*LOG[:-1], "everysec")  # what Redis does unless told otherwise


@contextmanager
def redis_server(folder: Path, *options: str, port: int | None = None) -> Iterator[RedisServer]:
    """Lend a running server; skip or fail as program() does."""
    program()
    server = RedisServer(folder, *(options or NO_PERSISTENCE), port=port)
    try:
        server.start()
        yield server
    finally:
        server.end()
