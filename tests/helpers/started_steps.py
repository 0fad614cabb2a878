"""Really started servers, each in a copy of its own so that the reader's instance/ folder is left alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.helpers.apps import QUICK_HASH

ROOT = Path(__file__).parents[2]
START_SECONDS = 20


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json", self.body
        return json.loads(self.body)


class Client:
    """Calls one server; the headers may be bytes that no browser would send."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(
        self,
        method: str,
        path: str,
        *,
        basic: str | bytes | None = None,
        token: str | None = None,
        authorization: str | bytes | None = None,
    ) -> Answer:
        """Send one request with credentials. basic: "name:password"."""
        if basic is not None:
            authorization = b"Basic " + b64encode(basic.encode() if isinstance(basic, str) else basic)
        if token is not None:
            authorization = f"Bearer {token}"
        return self.send(method, path, {} if authorization is None else {"Authorization": authorization})

    def send(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None = None
    ) -> Answer:
        """Send one request as it is."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=START_SECONDS)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())  # type: ignore[arg-type]
        finally:
            connection.close()

    def sign_in(self, name: str, password: str = "demo") -> str:
        """Return a token."""
        answer = self.call("POST", "/api/tokens", basic=f"{name}:{password}")
        assert answer.status == 200, answer
        token: str = answer.json["token"]
        return token

    def online(self, minutes: str | None = None) -> Any:
        """Return how many users are online."""
        query = "" if minutes is None else f"?minutes={minutes}"
        return self.call("GET", f"/api/online{query}").json["online"]

    def counts_of_many(self, clients: int = 8, requests: int = 200) -> set[int]:
        """Return all the different counts that clients are told who ask at once, whichever worker answers."""
        with ThreadPoolExecutor(clients) as pool:
            return set(pool.map(lambda _: self.online(), range(requests)))


def address_in(
    log: Path, process: subprocess.Popen[bytes], position: int = 0, seconds: float = START_SECONDS
) -> str:
    """Wait until a starting server has written its address to the log, and return it."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at and process.poll() is None:
        for line in log.read_bytes()[position:].decode().splitlines(keepends=True):
            if (found := re.search(r"http://127\.0\.0\.1:\d+", line)) and line.endswith("\n"):
                return found[0]
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    raise AssertionError(log.read_bytes()[position:].decode())


class Copy:
    """One step and common/ alone in a folder: another step that crept in would be missing here."""

    def __init__(self, step: str, folder: Path) -> None:
        self.step, self.folder = step, folder
        for package in ("common", "demo", step):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        self.instance = folder / "instance"
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None  # the server that was started last

    def environment(self, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a process that runs from the copy, without settings of the reader's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "PORT"))}
        ours = {"PYTHONPATH": str(self.folder), "PYTHONWARNINGS": "error", "PYTHONUTF8": "1"}
        quick = {"FLASK_PASSWORD_HASH_METHOD": QUICK_HASH}
        return {**kept, **ours, **quick, **(settings or {})}

    def run(
        self,
        *command: str,
        settings: Mapping[str, str] | None = None,
        stdin: str = "",
        seconds: float = START_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the virtual environment to its end."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment(settings),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )

    @contextmanager
    def serve(
        self, *command: str, settings: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Iterator[Client]:
        """Start a server and wait until the log tells its address; end it afterwards."""
        with self.log.open("a", encoding="utf-8") as log:
            position = log.tell()
            self.process = process = subprocess.Popen(
                [sys.executable, *command],
                cwd=cwd or self.folder,
                env=self.environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield Client(address_in(self.log, process, position))
        finally:
            process.terminate()
            process.wait(START_SECONDS)

    def flask(self, *command: str) -> list[str]:
        """Return a command of the step's app."""
        return ["flask", "--app", f"{self.step}.app", *command]

    def gunicorn(self, *options: str) -> list[str]:
        """Return the command that serves the step on a free port."""
        bind = ["-b", "127.0.0.1:0", "--no-control-socket"]
        return ["gunicorn", *options, *bind, f"{self.step}.app:create_app()"]

    def counts_of_two_workers(self, settings: Mapping[str, str], name: str, password: str) -> set[int]:
        """Start two workers, sign in once, and return all the counts that clients are told by both."""
        access = ["--access-logfile", "-", "--access-logformat", "%(U)s answered by %(p)s"]
        command = self.gunicorn("-w", "2", "--preload", *access)
        with self.serve("-m", *command, settings=settings) as client:
            client.sign_in(name, password)
            give_up_at = time.monotonic() + START_SECONDS
            counts: set[int] = set()
            answering: set[str] = set()
            while len(answering) < 2:
                assert time.monotonic() < give_up_at, answering
                counts |= client.counts_of_many()
                log = self.log.read_text(encoding="utf-8")
                answering = set(re.findall(r"/api/online answered by (\S+)", log))
            return counts

    def kill(self) -> None:
        """End the server that was started last at once, as kill -9 does."""
        assert self.process
        self.process.kill()
        self.process.wait(START_SECONDS)

    def demo(
        self, cwd: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Client]:
        """Start python stepN_x/app.py on a free port, from the copy's folder or another."""
        script = str(self.folder / self.step / "app.py")
        return self.serve(script, "--port", "0", settings=settings, cwd=cwd)
