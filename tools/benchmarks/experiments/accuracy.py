"""How wrong each count is at the window's edge, and what step 2's resolution saves in writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from fakeredis import FakeRedis, FakeServer
from sqlalchemy import Engine, event

from article.with_redis import ArticleRedis
from common.accounts import add_account, create_tables
from step1_dict.tracker import DictTracker
from step2_database.app import create_app
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.apps import QUICK_HASH
from tests.helpers.clock import FakeClock
from tools.benchmarks.measure import Bench

RESOLUTION = timedelta(seconds=30)  # step 2's own for a window of five minutes
RESOLUTIONS = {"each request": timedelta(0), "here": RESOLUTION}
PAUSES = (1, 10, 60)  # seconds from one request of a user to the next
HOUR = 3600
ALICE = SimpleNamespace(id=1)
Tracked = Any  # all forms have mark_online() and get_online()


IN_MEMORY: dict[str, Callable[[FakeClock], Tracked]] = {
    "dict": lambda clock: DictTracker(clock=clock),
    "buckets": lambda clock: ArticleRedis(FakeRedis(server=FakeServer()), clock),
    "sorted set": lambda clock: RedisTracker(FakeRedis(server=FakeServer()), clock=clock),
}


def measure(bench: Bench) -> None:
    """Move a clock by hand, second by second: nothing here depends on the machine."""
    for name in IN_MEMORY:
        measure_edge_in_memory(bench, name)
    measure_column(bench)


def measure_edge_in_memory(bench: Bench, name: str) -> None:
    """Keep for how long a user counts who was seen at a second of a minute: second -> seconds."""
    seconds = range(0, 60, 20 if bench.quick else 1)
    stays = bench.results.figures[f"edge {name}"] = {}
    with bench.progress(f"the window's edge: {name}", len(seconds)) as bar:
        for second in seconds:
            stays[str(second)] = stay(IN_MEMORY[name], second)
            bar.update(1)


def measure_column(bench: Bench) -> None:
    """Keep the same for a user who was written so many seconds earlier; then what the resolution saves."""
    with TemporaryDirectory() as folder, engine_of(Path(folder)) as engine:
        make = partial(column, engine, RESOLUTION)
        ages = range(0, 31, 10 if bench.quick else 1)
        stays = bench.results.figures["edge column"] = {}
        with bench.progress("the window's edge: column", len(ages)) as bar:
            for age in ages:
                stays[str(age)] = stay(make, 0, written_before=age)
                bar.update(1)
        for pause in PAUSES:
            writes = {name: writes_a_second(engine, pause, value) for name, value in RESOLUTIONS.items()}
            bench.results.figures[f"writes by 1000 users, every {pause} s"] = writes


def stay(make: Callable[[FakeClock], Tracked], second: int, *, written_before: int = 0) -> float:
    """Return for how many seconds a user is still counted who was seen at this second of a minute.

    written_before: the user was also seen so many seconds earlier.
    """
    minute = datetime.fromtimestamp(time.time() // 60 * 60, UTC)
    clock = FakeClock(minute + timedelta(days=1))  # Redis has a clock of its own: nothing expires before that
    tracker = make(clock)
    clock.advance(seconds=second - written_before)
    tracker.mark_online(ALICE)
    clock.advance(seconds=written_before)
    tracker.mark_online(ALICE)
    seconds = 0
    while tracker.get_online():
        clock.advance(seconds=1)
        seconds += 1
    return seconds


@contextmanager
def engine_of(folder: Path) -> Iterator[Engine]:
    """Lend an engine of presence, on a database with one user."""
    address = f"sqlite:///{folder / 'users.sqlite'}"
    app = create_app({
        "SECRET_KEY": "used by a benchmark alone",
        "SQLALCHEMY_DATABASE_URI": address,
        "PASSWORD_HASH_METHOD": QUICK_HASH,
    })  # fmt: skip
    with app.app_context():
        create_tables()
        add_account("alice", "demo")
        engine = presence_engine(db.engine, {}, connections=1, wait_seconds=5, ping=False)
        db.engine.dispose()
    yield engine
    engine.dispose()


def column(engine: Engine, resolution: timedelta, clock: FakeClock) -> DatabaseTracker:
    """Return a tracker whose user was never seen."""
    users = db.metadata.tables[User.__tablename__]
    with engine.connect() as connection:
        connection.execute(users.update().values(last_seen=None))
    return DatabaseTracker(users, writing=engine, reading=engine, resolution=resolution, clock=clock)


def writes_a_second(engine: Engine, pause: int, resolution: timedelta) -> float:
    """Return how many writes 1000 users cause who each send a request after each such pause."""
    clock, written = FakeClock(), list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE"):
            written.append(statement)

    tracker = column(engine, resolution, clock)
    event.listen(engine, "before_cursor_execute", note)
    for _ in range(0, HOUR, pause):
        # as each request loads the user anew
        tracker.mark_online(SimpleNamespace(id=1, last_seen=tracker.last_seen(ALICE)))
        clock.advance(seconds=pause)
    event.remove(engine, "before_cursor_execute", note)
    return 1000 * len(written) / HOUR
