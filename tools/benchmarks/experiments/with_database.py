"""Step 2: what a mark and a count cost in a column, how much disk, and what the index costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from sqlalchemy import URL, Column, Engine, MetaData, Table, insert, select

from article.with_column import ArticleColumn
from common.accounts import create_tables
from step2_database.app import create_app
from step2_database.engine import presence_engine
from step2_database.models import User, db
from step2_database.tracker import DatabaseTracker
from tools.benchmarks.experiments.database_crowd import compare_crowds
from tools.benchmarks.measure import FEW_AMONG_MANY, Bench
from tools.benchmarks.stores import database

BACKENDS = ("sqlite", "postgresql", "mysql")
WINDOW = timedelta(minutes=5)
NOW = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)
USERS = db.metadata.tables[User.__tablename__]
AS_DURABLE_AS_A_MARK = {
    "sqlite": "PRAGMA synchronous = NORMAL",
    "postgresql": "SET synchronous_commit = off",
    "mysql": "DO 0",  # has no such switch
}
SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
    "mysql": "SELECT sum(data_length + index_length) FROM information_schema.tables"
    " WHERE table_schema = database()",
}
TIDY = {
    "sqlite": "ANALYZE",
    "postgresql": "VACUUM ANALYZE",
    "mysql": "ANALYZE TABLE users, users_without_index, users_without_column, user",
}


def measure(bench: Bench) -> None:
    """Compare counts and marks on each database that there is."""
    for backend in BACKENDS:
        with TemporaryDirectory() as folder, database(bench, backend, Path(folder)) as url:
            if url is not None:
                tables = Tables(bench, backend, url)
                tables.fill()
                tables.compare_counts()
                tables.compare_marks()
                # long enough to hold all who are in the table
                since_all = datetime.now(UTC) - NOW + WINDOW / tables.online * bench.results.sizes[-1]
                compare_crowds(bench, backend, url, since_all + timedelta(days=1))
                tables.close()


class Bare:
    """The least that a mark can be: the UPDATE of a row, by the driver alone, as durable as a mark."""

    def __init__(self, engine: Engine, backend: str, *, autocommit: bool) -> None:
        level: Any = "AUTOCOMMIT" if autocommit else engine.dialect.default_isolation_level
        self.connection = engine.connect().execution_options(isolation_level=level)
        raw: Any = self.connection.connection
        cursor = raw.cursor()
        cursor.execute(AS_DURABLE_AS_A_MARK[backend])
        raw.commit()
        sign = "?" if backend == "sqlite" else "%s"
        update = f"UPDATE users SET last_seen = {sign} WHERE id = {sign}"  # noqa: S608
        to_driver = (lambda now: now.isoformat(" ")) if backend == "sqlite" else (lambda now: now)

        def mark(user: Any) -> None:
            cursor.execute(update, (to_driver(datetime.now(UTC)), user.id))
            if not autocommit:
                raw.commit()

        self.mark = mark

    def close(self) -> None:
        """Close it for good: its settings are no other's."""
        self.connection.invalidate()
        self.connection.close()


def like_users(name: str, *, last_seen: bool = True) -> Table:
    """Return a table like ours, without the index on last_seen or without that column."""
    kept = [column for column in USERS.columns if last_seen or column.name != "last_seen"]
    copies = [Column(c.name, c.type, primary_key=c.primary_key, unique=c.unique) for c in kept]
    return Table(name, MetaData(), *copies)


class Tables:
    """One database, in which the same users stand in several tables: one was seen just before the next."""

    def __init__(self, bench: Bench, backend: str, url: URL) -> None:
        self.bench, self.backend = bench, backend
        self.online, self.users = FEW_AMONG_MANY[bench.quick]  # online within WINDOW
        app = create_app({"SECRET_KEY": "used by a benchmark alone", "SQLALCHEMY_DATABASE_URI": url})
        with app.app_context():
            create_tables()
            self.engine = db.engine
        self.writing = presence_engine(self.engine, {}, connections=1, wait_seconds=5, ping=False)
        self.reading = presence_engine(self.engine, {}, connections=1, wait_seconds=30, ping=False)
        self.unindexed = like_users("users_without_index")
        self.usual = ArticleColumn(url, NOW.timestamp)
        self.usual.window = WINDOW  # database-1 mended, or it would count others than we do

    def close(self) -> None:
        """Close all connections."""
        with self.usual.app.app_context():
            engines = [self.usual.db.engine, self.engine, self.writing, self.reading]
        for engine in engines:
            engine.dispose()

    def run(self, statement: str) -> Any:
        """Run one statement on its own, and return what it answers first."""
        with self.reading.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return result.scalar() if result.returns_rows else None

    def fill(self) -> None:
        """Add the users to each table, and weigh what the column and its index take on the disk."""
        with_column = self.grown_by(partial(self.add, USERS, 0, self.users))
        without = like_users("users_without_column", last_seen=False)
        without.metadata.create_all(self.engine)
        without_column = self.grown_by(partial(self.add, without, 0, self.users))
        growth = {"here": (with_column - without_column) / self.users}
        self.bench.results.figures[f"{self.backend} bytes a user"] = growth

        self.unindexed.metadata.create_all(self.engine)
        with self.usual.app.app_context():
            self.usual.db.create_all()
        usual = self.usual.User.__table__
        with self.engine.begin() as connection:
            every = select(*USERS.columns)
            connection.execute(insert(self.unindexed).from_select(USERS.columns.keys(), every))
            every = select(USERS.c.id, USERS.c.name, USERS.c.last_seen)
            connection.execute(insert(usual).from_select(["id", "name", "lastseen"], every))
        self.run(TIDY[self.backend])

    def add(self, table: Table, first: int, end: int) -> None:
        """Add users, each seen a little longer ago than another, in no order."""
        between = WINDOW / self.online
        names = table.columns.keys()
        last_seen = [NOW - n * between for n in range(first, end)]
        Random(1).shuffle(last_seen)  # who is online is scattered among all users
        with (
            self.bench.progress(f"{self.backend}: adding users", end - first) as bar,
            self.engine.begin() as connection,
        ):
            for chunk in range(first, end, 10_000):
                rows = [
                    {"id": n + 1, "name": f"user {n}", "password_hash": "", "active": True, "last_seen": seen}
                    for n, seen in islice(enumerate(last_seen, first), chunk - first, chunk - first + 10_000)
                ]
                connection.execute(insert(table), [{name: row[name] for name in names} for row in rows])
                bar.update(len(rows))

    def grown_by(self, change: Callable[[], object]) -> int:
        """Return how many bytes of disk a change takes."""
        before = int(self.run(SIZE[self.backend]))
        change()
        self.run(TIDY[self.backend].partition(",")[0])
        return int(self.run(SIZE[self.backend])) - before

    def tracker(self, table: Table, **settings: Any) -> DatabaseTracker:
        """Return a tracker on one of the tables."""
        return DatabaseTracker(table, writing=self.writing, reading=self.reading, window=WINDOW, **settings)

    def compare_counts(self) -> None:
        """Count few among many, with and without the index; then count more and more."""
        here, unindexed = (self.tracker(table, clock=NOW.timestamp) for table in (USERS, self.unindexed))
        with self.usual.app.app_context():
            counts = {
                "usual": self.usual.get_online,
                "unindexed": unindexed.get_online,
                "here": here.get_online,
            }
            # the article's form also counts whoever was seen exactly the window ago
            assert [count() for count in counts.values()] == [self.online + 1, self.online, self.online]
            self.bench.compare(f"{self.backend} count {self.online} of {self.users}", counts)
        most = self.bench.results.sizes[-1]
        self.add(USERS, self.users, most)
        self.run(TIDY[self.backend])
        for online in self.bench.results.sizes:
            count = partial(here.get_online, WINDOW / self.online * online)
            assert count() == online
            self.bench.compare(f"{self.backend} count {online}", {"here": count})

    def online_users(self) -> list[SimpleNamespace]:
        """Return those who are online, in no order."""
        query = select(USERS.c.id).where(USERS.c.last_seen > NOW - WINDOW).order_by(USERS.c.name)
        with self.reading.connect() as connection:
            return [SimpleNamespace(id=user_id) for user_id in connection.scalars(query)]

    def compare_marks(self) -> None:
        """Mark those who are online again and again."""
        online = self.online_users()
        for user in online:  # the first time, each moves to another page
            self.tracker(USERS).mark_online(user)
            self.tracker(self.unindexed).mark_online(user)
        if self.backend == "postgresql":
            self.compare_logs(online)
        fresh = SimpleNamespace(id=online[0].id, last_seen=datetime.now(UTC))
        within = self.tracker(USERS, resolution=timedelta(minutes=4))
        with (
            self.usual.app.app_context(),
            closing(Bare(self.engine, self.backend, autocommit=True)) as one,
            closing(Bare(self.engine, self.backend, autocommit=False)) as two,
        ):
            model = self.usual.db.session.get_one(self.usual.User, fresh.id)

            def usual(_: Any) -> Any:
                self.usual.now = lambda: datetime.now(UTC)
                self.usual.mark_online(model)
                return model.name  # as the view does: the commit has expired it

            marks = {
                "floor": one.mark,
                "floor, two statements": two.mark,
                "usual": usual,
                "here": self.tracker(USERS).mark_online,
                "here, unindexed": self.tracker(self.unindexed).mark_online,
                "here, within the resolution": lambda _: within.mark_online(fresh),
            }
            self.bench.compare(f"{self.backend} mark", marks, argument=cycle(online), finely=True)
            self.usual.db.session.remove()

    def compare_logs(self, online: list[SimpleNamespace]) -> None:
        """See what the index does to PostgreSQL's log and to its updates in place (HOT)."""
        figures = self.bench.results.figures
        for table in (USERS, self.unindexed):
            self.writing.dispose()  # which hands in the statistics
            hot = f"SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = '{table}'::regclass"  # noqa: S608
            lsn = "SELECT pg_current_wal_insert_lsn() - '0/0'"
            tracker, marks = self.tracker(table), len(online) * 5
            hot_before, log_before = self.run(hot), self.run(lsn)
            for user in islice(cycle(online), marks):
                tracker.mark_online(user)
            log = float(self.run(lsn) - log_before) / marks
            self.writing.dispose()
            figures[f"postgresql {table.name}"] = {
                "log bytes a mark": log,
                "share of HOT updates": (self.run(hot) - hot_before) / marks,
            }
