"""What a mark is beside the authenticated request that it rides on, and what Basic costs beside a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.datastructures import Authorization
from werkzeug.test import EnvironBuilder

from common.accounts import add_account, create_tables, find_by_name
from common.auth import basic_auth, new_token, token_auth
from common.presence import HasId, Presence
from step2_database.tracker import DatabaseTracker
from tools.benchmarks.measure import Bench
from tools.benchmarks.stores import redis

STEPS = ("step1_dict", "step2_database", "step3_redis")
Call = Callable[[], None]


class Unmarked(Presence):
    """The same presence, which nobody is added to."""

    def record(self, user: HasId) -> None:
        """Mark nobody."""


def measure(bench: Bench) -> None:
    """Compare requests on each step that has its store; the accounts are in SQLite on all."""
    for step in STEPS:
        with TemporaryDirectory() as folder, store_of(step, bench, Path(folder)) as settings:
            if settings is not None:
                with app_of(step, settings, Path(folder)) as app:
                    compare_marking(bench, step, app)
                    if step == STEPS[0]:
                        compare_credentials(bench, app)


@contextmanager
def store_of(step: str, bench: Bench, folder: Path) -> Iterator[dict[str, Any] | None]:
    """Lend the settings that name the step's store; None where there is none."""
    if step != "step3_redis":
        yield {"ONLINE_RESOLUTION_SECONDS": 0}
        return
    with redis(bench, folder) as client:
        address = client and "redis://{host}:{port}/0".format(**client.get_connection_kwargs())
        yield {"REDIS_URL": address} if address else None


@contextmanager
def app_of(step: str, settings: dict[str, Any], folder: Path) -> Iterator[Flask]:
    """Lend the step's app with one account, and views that ask who calls and do nothing else."""
    create_app, db = import_module(f"{step}.app").create_app, import_module(f"{step}.models").db
    address = f"sqlite:///{folder / 'accounts.sqlite'}"
    app: Flask = create_app(
        {"SECRET_KEY": "used by a benchmark alone", "SQLALCHEMY_DATABASE_URI": address, **settings}
    )
    for auth in (token_auth, basic_auth):
        app.add_url_rule(f"/{auth.scheme}", auth.scheme, auth.login_required(dict))
    with app.app_context():
        create_tables()
        add_account("alice", "demo")
    yield app
    with app.app_context():
        db.engine.dispose()


def token_of_alice(app: Flask) -> Authorization:
    """Return what she shows with each request."""
    with app.app_context():
        account = find_by_name("alice")
        assert account
        return Authorization("bearer", token=new_token(account))


def compare_marking(bench: Bench, step: str, app: Flask) -> None:
    """Compare the same requests with and without marking: GET /api/me, and a view that does nothing else."""
    token = token_of_alice(app)
    marked: Presence = app.extensions["presence"]
    presences = {"unmarked": Unmarked(marked.tracker), "marked": marked}
    if isinstance(marked.tracker, DatabaseTracker):
        presences["within the resolution"] = Presence(slower(marked.tracker))
    requests = {name: request_to(app, "/api/me", token, each) for name, each in presences.items()}
    bench.results.figures[f"{step} statements a request"] = {
        name: statements_of(call) for name, call in requests.items()
    }
    for name in ("unmarked", "marked"):
        requests[f"bare view, {name}"] = request_to(app, "/Bearer", token, presences[name])
    # a mark may be a hundredth of a request: short rounds, and many
    fine = replace(bench, rounds=bench.rounds * 10, round_seconds=bench.round_seconds / 10)
    fine.compare(f"{step} request", requests)


def slower(tracker: DatabaseTracker) -> DatabaseTracker:
    """Return a tracker on the same column whose resolution outlasts the comparison."""
    users = import_module("step2_database.models").db.metadata.tables["users"]
    longer = timedelta(minutes=4)
    return DatabaseTracker(users, writing=tracker._writing, reading=tracker._reading, resolution=longer)


def compare_credentials(bench: Bench, app: Flask) -> None:
    """Compare a request that shows a password with one that shows a token."""
    token = token_of_alice(app)
    basic = Authorization("basic", {"username": "alice", "password": "demo"})
    presence = app.extensions["presence"]
    calls = {
        "Basic": request_to(app, "/Basic", basic, presence),
        "token": request_to(app, "/Bearer", token, presence),
    }
    bench.compare("credentials", calls)


def request_to(app: Flask, path: str, credentials: Authorization, presence: Presence) -> Call:
    """Return a call of the app as a WSGI server makes it, without a server."""
    environ = EnvironBuilder(path, auth=credentials).get_environ()
    statuses: list[str] = []

    def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
        statuses[:] = [status]
        return bytes  # WSGI's write(), which Flask has no use for

    def call() -> None:
        app.extensions["presence"] = presence
        answer: Any = app.wsgi_app(environ.copy(), start_response)
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
