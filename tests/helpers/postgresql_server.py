"""A PostgreSQL of a test's own, which it may kill or make read-only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.helpers.redis_server import free_port, wait_until


def programs() -> Path:
    """Return the folder of initdb and postgres; skip without them, fail where REQUIRE_SERVERS=1."""
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if folders:
        return folders[-1]
    reason = "initdb and postgres are not installed: these tests start a PostgreSQL of their own"
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class PostgresqlServer:
    """A PostgreSQL that listens on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self.process: subprocess.Popen[bytes] | None = None
        self._bin = programs()
        # PostgreSQL refuses to run as root
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        subprocess.run(
            [self._bin / "initdb", "-D", folder, "-U", "postgres", "-A", "trust", "--no-sync"],
            user=self._user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"]
        self.process = subprocess.Popen(
            [self._bin / "postgres", "-D", self.folder, "-p", str(self.port), *options],
            user=self._user,
            cwd=self.folder,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """End it and all its processes at once, as kill -9 does."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)  # it starts no new ones meanwhile
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(
            encoding="ascii"
        )
        for pid in children.split():  # each has a process group of its own
            os.kill(int(pid), signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process = None

    def restart(self) -> None:
        """End it in good order, its sessions at once, and start it again."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.start()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse all writes for a while, in the sessions there are too."""
        self._set("on")
        yield
        self._set("off")

    def _set(self, read_only: str) -> None:
        with closing(
            psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", autocommit=True)
        ) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {read_only}".encode())
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self._is(read_only))

    def _is(self, read_only: str) -> bool:
        with closing(psycopg.connect(host="127.0.0.1", port=self.port, user="postgres")) as connection:
            row = connection.execute("SHOW default_transaction_read_only").fetchone()
            return row == (read_only,)


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Lend a running server, and remove it with all that it wrote."""
    with tempfile.TemporaryDirectory(prefix="cookbook-") as folder:  # pytest's own are closed to other users
        server = PostgresqlServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            if server.process:
                server.kill()
