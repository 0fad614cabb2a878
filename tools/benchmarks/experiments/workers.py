"""Marks a second that really started servers answer, with one gunicorn worker and with more."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from importlib import import_module
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from sqlalchemy import URL

from common.accounts import add_account, create_tables, find_by_name
from common.auth import new_token
from tests.helpers.apps import QUICK_HASH
from tests.helpers.started_steps import Client, Copy
from tools.benchmarks.measure import Bench
from tools.benchmarks.stores import database, redis

THREADS = 4  # of each worker
CALLERS, USERS = 8, 40
SECRET_KEY = "used by a benchmark alone"
STORES = ("dict", "sqlite", "postgresql", "redis")
STEP = {"dict": "step1_dict", "redis": "step3_redis"}  # the others are databases


def measure(bench: Bench) -> None:
    """Compare every store with every number of workers; all run, and one at a time is called."""
    if sys.platform == "win32":
        bench.leave_out("marks a second with more workers", "gunicorn does not exist for Windows")
        return
    workers, rounds, seconds = ((1, 2), 2, 0.05) if bench.quick else ((1, 2, 4), 5, 0.5)
    with ExitStack() as stack:
        callers: dict[str, dict[str, Callers]] = {}
        folder = Path(stack.enter_context(TemporaryDirectory()))
        with bench.progress("starting servers", len(STORES)) as bar:
            for store in STORES:
                place = folder / store
                place.mkdir()
                settings = stack.enter_context(settings_of(store, bench, place))
                if settings is not None:
                    callers[store] = servers(store, workers, settings, place, stack)
                bar.update(1)
        turns = {
            (store, number): partial(some.seconds_a_mark, seconds)
            for store, each in callers.items()
            for number, some in each.items()
        }
        marks = bench.in_turn("marks by workers", turns, rounds)
        for store, each in callers.items():
            of_store = {number: marks[store, number] for number in each}
            bench.results.seconds[f"{store} marks by workers"] = of_store
        for each in callers.values():
            for some in each.values():
                some.check()


@contextmanager
def settings_of(store: str, bench: Bench, folder: Path) -> Iterator[dict[str, str] | None]:
    """Lend the environment of an app whose users and presence are there; None where there is no server."""
    accounts: str | URL | None = f"sqlite:///{folder / 'accounts.sqlite'}"
    with ExitStack() as stack:
        settings = {"FLASK_SECRET_KEY": SECRET_KEY, "FLASK_ONLINE_RESOLUTION_SECONDS": "0"}
        if store == "redis":
            client = stack.enter_context(redis(bench, folder))
            if client is None:
                accounts = None
            else:
                address = "redis://{host}:{port}/0".format(**client.get_connection_kwargs())
                settings["FLASK_REDIS_URL"] = address
        elif store not in STEP:
            accounts = stack.enter_context(database(bench, store, folder))
        if isinstance(accounts, URL):
            accounts = accounts.render_as_string(hide_password=False)
        if accounts:
            settings["FLASK_SQLALCHEMY_DATABASE_URI"] = accounts
        yield settings if accounts else None


def servers(
    store: str, workers: tuple[int, ...], settings: dict[str, str], folder: Path, stack: ExitStack
) -> dict[str, Callers]:
    """Start one server for each number of workers, all with the same users."""
    step = STEP.get(store, "step2_database")
    tokens = tokens_of_users(step, settings)
    started = {}
    for number in workers:
        copy = Copy(step, folder / str(number))
        command = copy.gunicorn("-w", str(number), "--threads", str(THREADS))
        client = stack.enter_context(copy.serve("-m", *command, settings=settings))
        started[str(number)] = stack.enter_context(Callers(client, copy.log, tokens))
    return started


def tokens_of_users(step: str, settings: dict[str, str]) -> list[str]:
    """Add users, and return what each would be given for name and password."""
    config = {name.removeprefix("FLASK_"): value for name, value in settings.items()}
    app = import_module(f"{step}.app").create_app(
        {**config, "PASSWORD_HASH_METHOD": QUICK_HASH, "ONLINE_RESOLUTION_SECONDS": 0}
    )
    with app.app_context():
        create_tables()
        tokens = []
        for number in range(USERS):
            add_account(f"user {number}", "demo")
            account = find_by_name(f"user {number}")
            assert account
            tokens.append(new_token(account))
        import_module(f"{step}.models").db.engine.dispose()
    return tokens


class Callers(ThreadPoolExecutor):
    """Clients of one server that call it all at once, each over a connection that it keeps for a round."""

    def __init__(self, client: Client, log: Path, tokens: list[str]) -> None:
        super().__init__(CALLERS)
        self.client, self.log = client, log
        address = urlsplit(client.url).netloc
        self.connections = [HTTPConnection(address, timeout=20) for _ in range(CALLERS)]
        self.tokens = [cycle(tokens[number::CALLERS]) for number in range(CALLERS)]

    def seconds_a_mark(self, seconds: float) -> float:
        """Let all call for so long, and return what each answer took of that time."""
        began = time.perf_counter()
        answers = sum(self.map(lambda number: self.call_until(number, began + seconds), range(CALLERS)))
        return (time.perf_counter() - began) / answers

    def call_until(self, number: int, end: float) -> int:
        """Let one call again and again until then; return how many answers it had."""
        connection, answers = self.connections[number], 0
        while not answers or time.perf_counter() < end:
            token = next(self.tokens[number])
            connection.request("GET", "/api/me", headers={"Authorization": f"Bearer {token}"})
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
            answers += 1
        connection.close()  # opens again by itself, and may find another worker
        return answers

    def check(self) -> None:
        """See that no mark was lost: the app says so when its store fails."""
        assert "the presence store fails" not in self.log.read_text("utf-8")
