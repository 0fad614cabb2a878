"""What a mark is beside the authenticated request that it rides on, and what Basic costs beside a token.

Both as a call of the app alone, and through gunicorn.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, event
from werkzeug.datastructures import Authorization
from werkzeug.test import EnvironBuilder

from common.accounts import add_account, create_tables, find_by_name
from common.auth import new_token
from tests.helpers.started_steps import Copy
from tools.benchmarks import ways_to_mark
from tools.benchmarks.measure import Bench
from tools.benchmarks.stores import redis
from tools.benchmarks.ways_to_mark import WAYS, WaysToMark

STEPS = ("step1_dict", "step2_database", "step3_redis")
VIEWS = {"": "/api/me", "bare view, ": "/Bearer"}
Call = Callable[[], None]


def measure(bench: Bench) -> None:
    """Compare requests on each step that has its store; the accounts are in SQLite on all."""
    for step in STEPS:
        with TemporaryDirectory() as folder, settings_of(step, bench, Path(folder)) as settings:
            if settings is not None:
                with app_of(step, settings) as (app, token):
                    count_statements(bench, step, app, token)
                    compare_calls(bench, step, app, token)
                    if step == STEPS[0]:
                        compare_credentials(bench, app, token)
                    if sys.platform != "win32":  # gunicorn does not exist there, as workers.py says
                        compare_served(bench, step, settings, Path(folder), token)


@contextmanager
def settings_of(step: str, bench: Bench, folder: Path) -> Iterator[dict[str, str] | None]:
    """Lend the settings of the step's app; None where its store is missing."""
    settings = {
        "SECRET_KEY": "used by a benchmark alone",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'accounts.sqlite'}",
    }
    if step != "step3_redis":
        yield settings
        return
    with redis(bench, folder) as client:
        address = client and "redis://{host}:{port}/0".format(**client.get_connection_kwargs())
        yield {**settings, "REDIS_URL": address} if address else None


@contextmanager
def app_of(step: str, settings: dict[str, str]) -> Iterator[tuple[WaysToMark, str]]:
    """Lend an app with one account, and the token that its user shows with each request."""
    app = WaysToMark(step, settings)
    with app.app.app_context():
        create_tables()
        add_account("alice", "demo")
        account = find_by_name("alice")
        assert account
        token = new_token(account)
    try:
        yield app, token
    finally:
        app.close()


def ways_of(step: str) -> tuple[str, ...]:
    """Return the ways to mark of which a step has figures: a dict has no resolution."""
    return WAYS[:2] if step == "step1_dict" else WAYS


def calls_of(step: str, app: WaysToMark, token: str) -> dict[str, Call]:
    """Return the same requests marked in each way: GET /api/me, and a view that does nothing else."""
    credentials = Authorization("bearer", token=token)
    return {
        f"{view}{way}": request_to(app, path, credentials, way)
        for view, path in VIEWS.items()
        for way in ways_of(step)
    }


def count_statements(bench: Bench, step: str, app: WaysToMark, token: str) -> None:
    """Keep how many SQL statements GET /api/me sends."""
    calls = calls_of(step, app, token)
    statements = {way: statements_of(calls[way]) for way in ways_of(step)}
    bench.results.figures[f"{step} statements a request"] = statements


def compare_calls(bench: Bench, step: str, app: WaysToMark, token: str) -> None:
    """Compare these requests. A mark may be a hundredth of one, so finely."""
    bench.compare(f"{step} request", calls_of(step, app, token), finely=True)


def compare_served(bench: Bench, step: str, settings: dict[str, str], folder: Path, token: str) -> None:
    """Compare the same, each over a connection that one client keeps to gunicorn with one worker."""
    copy = Copy(step, folder / "served")
    shutil.copy(str(ways_to_mark.__file__), copy.folder)
    options = ("-w", "1", "--threads", "4", "--keep-alive", "60", "-b", "127.0.0.1:0", "--no-control-socket")
    environment = {"STEP": step, **{f"FLASK_{name}": value for name, value in settings.items()}}
    command = ("-m", "gunicorn", *options, f"{Path(ways_to_mark.__file__).stem}:served()")
    with (
        copy.serve(*command, settings=environment) as client,
        closing(HTTPConnection(urlsplit(client.url).netloc, timeout=20)) as connection,
    ):
        requests = {
            f"{view}{way}": served_request(connection, path, token, way)
            for view, path in VIEWS.items()
            for way in ways_of(step)
        }
        bench.compare(f"{step} request to gunicorn", requests, finely=True)


def served_request(connection: HTTPConnection, path: str, token: str, way: str) -> Call:
    """Return a call that sends a request and reads the answer."""
    headers = {"Authorization": f"Bearer {token}", "X-Mark": way}

    def call() -> None:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body

    return call


def compare_credentials(bench: Bench, app: WaysToMark, token: str) -> None:
    """Compare a request that shows a password with one that shows a token."""
    basic = Authorization("basic", {"username": "alice", "password": "demo"})
    calls = {
        "Basic": request_to(app, "/Basic", basic, "marked"),
        "token": request_to(app, "/Bearer", Authorization("bearer", token=token), "marked"),
    }
    bench.compare("credentials", calls)


def request_to(app: WaysToMark, path: str, credentials: Authorization, way: str) -> Call:
    """Return a call of the app as a WSGI server makes it, without a server."""
    environ = {**EnvironBuilder(path, auth=credentials).get_environ(), "HTTP_X_MARK": way}
    statuses: list[str] = []

    def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
        statuses[:] = [status]
        return bytes  # WSGI's write(), which Flask has no use for

    def call() -> None:
        answer: Any = app(environ.copy(), start_response)
        b"".join(answer)
        answer.close()

    call()
    assert statuses == ["200 OK"]
    return call


def statements_of(call: Call) -> float:
    """Return how many statements the second such call sends."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    call()
    event.remove(Engine, "before_cursor_execute", note)
    return len(sent)
