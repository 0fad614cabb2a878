"""The eight forms, each with stores and clocks of its own.

What counts here is the code of article/ and of the three steps, as it stands there. This file only starts it.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from fakeredis import FakeRedis, FakeServer
from flask_login import login_user
from redis import RedisError
from sqlalchemy import Engine, create_engine, event, insert
from sqlalchemy.exc import DBAPIError
from werkzeug.test import EnvironBuilder

from article.with_before_request import BeforeRequest
from article.with_column import ArticleColumn
from article.with_dict import ArticleDict
from article.with_redis import ArticleRedis
from lab.story import DAY, SECOND, Story
from step1_dict.tracker import DictTracker, steady_clock
from step2_database.engine import presence_engine
from step2_database.models import User
from step2_database.tracker import DatabaseTracker
from step3_redis.tracker import RedisTracker

OUTAGES = (DBAPIError, RedisError)
LONG_AGO = -365 * DAY  # when the accounts were made, of which the story does not tell it
MINUTE = 60 * SECOND
FIVE_MINUTES = 5 * MINUTE
EXPIRY_OF_A_BUCKET = 310 * SECOND


ALL = 0  # in the place of a process


class Someone(NamedTuple):
    """A user as far as a tracker is concerned."""

    id: int


class Entry(NamedTuple):
    """One thing that a form remembers, as it is shown.

    process: whose it is, or ALL.
    gone: when it counts no longer, in the story's time.
    """

    process: int
    key: str
    value: str
    gone: int


class Clocks:
    """The time in a story, and what the clock of each process shows then."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.now = 0
        # Ten o'clock tomorrow: what the article lets expire then, Redis does not drop today.
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        start = tomorrow.replace(hour=10, minute=0, second=0, microsecond=0)
        self.start = int(start.timestamp()) * SECOND

    def offset(self, process: int) -> int:
        """By how much the clock of a process is ahead of the story's now."""
        clock_set = self.story.clock_set
        moved = clock_set.by if clock_set and self.now >= clock_set.at else 0
        return moved + (self.story.apart if process == 2 else 0)

    def offsets(self) -> set[int]:
        """Return all offsets that there are at some time."""
        by = self.story.clock_set.by if self.story.clock_set else 0
        return {0, by, self.story.apart, by + self.story.apart}

    def wall(self, process: int) -> Callable[[], float]:
        """Return the clock that somebody can set: seconds since the epoch."""
        return lambda: (self.start + self.now + self.offset(process)) / SECOND

    def monotonic(self) -> float:
        """Return what time.monotonic() counts."""
        return self.now / SECOND

    def text(self, at: int, *, whole: bool = False) -> str:
        """Write a time since the epoch as a time of day."""
        shown = datetime.fromtimestamp(at // SECOND, UTC).strftime("%H:%M:%S")
        return shown if whole else f"{shown}.{at % SECOND:06d}"


class Form:
    """One form in one story. Each method may raise one of OUTAGES, and only then nobody knows the count."""

    id: ClassVar[str]
    is_cured: ClassVar[bool] = False
    is_steady: ClassVar[bool] = False  # whether its clock is one that nobody can set
    is_shared: ClassVar[bool] = True  # whether all processes count together

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        self.story, self.clocks, self.folder = story, clocks, folder
        self.ids = {name: number for number, name in enumerate(story.users, 1)}
        self.names = {number: name for name, number in self.ids.items()}

    def create(self, user: str) -> None:
        """Make an account; for most forms, that leaves no trace."""

    def request(self, user: str, process: int) -> None:
        """Let a process answer a user's request."""
        raise NotImplementedError

    def count(self, process: int) -> int:
        """Ask a process how many are online."""
        raise NotImplementedError

    def edges(self, at: int) -> list[int]:
        """Return when a mark, or an account, of that time by the form's clock may stop counting, or begin."""
        return [at + self.story.window]

    def remembered(self) -> list[Entry]:
        """Return all that it remembers, in its own order."""
        raise NotImplementedError

    def stop(self, *, down: bool) -> None:
        """Let the store fail, or answer again; memory of its own does not fail."""

    def close(self) -> None:
        """Close what is open."""

    def gone(self, at: int, process: int = 1) -> int:
        """Return when, in the story's time, what was marked at that time since the epoch counts no longer."""
        return self.edges(at - self.clocks.start)[0] - self.clocks.offset(process)


class InDicts(Form):
    """A dict for each process."""

    is_shared = False
    trackers: dict[int, Any]

    def count(self, process: int) -> int:
        with redirect_stdout(io.StringIO()):  # dict-2: it prints
            return int(self.trackers[process].get_online())


class ArticleDictForm(InDicts):
    """The article's dict."""

    id = "article-dict"

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        self.trackers = {process: ArticleDict(clocks.wall(process)) for process in story.processes}

    def request(self, user: str, process: int) -> None:
        self.trackers[process].make_inline(Someone(self.ids[user]))

    def edges(self, at: int) -> list[int]:
        return [at // SECOND * SECOND + FIVE_MINUTES]

    def remembered(self) -> list[Entry]:
        return [
            Entry(
                process,
                self.names[user_id],
                self.clocks.text(seen * SECOND, whole=True),
                self.gone(seen * SECOND, process),
            )
            for process, tracker in self.trackers.items()
            for user_id, seen in tracker.seen.items()
        ]


class DictForm(InDicts):
    """Step 1."""

    id = "dict"
    is_cured = is_steady = True

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        window = timedelta(microseconds=story.window)
        self.trackers = {
            process: DictTracker(window, clock=steady_clock(clocks.wall(process), clocks.monotonic))
            for process in story.processes
        }
        # by how much each clock was ahead when it started; nothing moves it later
        self.ahead = {process: clocks.offset(process) for process in story.processes}

    def request(self, user: str, process: int) -> None:
        self.trackers[process].mark_online(Someone(self.ids[user]))

    def remembered(self) -> list[Entry]:
        found = []
        for process, tracker in self.trackers.items():
            for user_id, last_seen in reversed(tracker.online_users()):
                seen = round(last_seen.timestamp() * SECOND)
                found.append(
                    Entry(process, self.names[user_id], self.clocks.text(seen), self.gone(seen, process))
                )
        return found

    def gone(self, at: int, process: int = 1) -> int:
        return at - self.clocks.start + self.story.window - self.ahead[process]


class InFile(Form):
    """A table in a file of SQLite, without waiting for the disk, since the file is gone in a moment."""

    table: ClassVar[str]
    column: ClassVar[str] = "last_seen"

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        self.path = folder / f"{self.id}.sqlite"
        self.url = f"sqlite:///{self.path}?timeout=0"
        self.other = sqlite3.connect(self.path, isolation_level=None)  # another program that uses the file

    def stop(self, *, down: bool) -> None:
        self.other.execute("BEGIN EXCLUSIVE" if down else "COMMIT")

    def remembered(self) -> list[Entry]:
        rows = self.other.execute(f'SELECT name, {self.column} FROM "{self.table}" ORDER BY id')  # noqa: S608
        found = []
        for name, text in rows:
            seen = None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
            gone = LONG_AGO if seen is None else self.gone(round(seen.timestamp() * SECOND))
            found.append(Entry(ALL, name, "NULL" if text is None else text, gone))
        return found

    def close(self) -> None:
        self.other.close()

    def hurry(self, engine: Engine) -> None:
        """Do not let an engine wait for the disk."""

        @event.listens_for(engine, "connect")
        def set_pragmas(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")


class ArticleInFile(InFile):
    """A form of article/ that is a small app around one table; each process has an app of its own."""

    table = "user"
    apps: dict[int, Any]

    def start(self, new_app: Callable[[int], Any]) -> None:
        """Make the apps and their table."""
        self.apps = {process: new_app(process) for process in self.story.processes}
        for form in self.apps.values():
            with form.app.app_context():
                self.hurry(form.db.engine)
                form.db.engine.connect().close()  # while the store still answers
        with self.apps[1].app.app_context():
            self.apps[1].db.create_all()

    def create(self, user: str) -> None:
        with self.apps[1].app.app_context():
            self.apps[1].db.session.add(self.apps[1].User(id=self.ids[user], name=user))
            self.apps[1].db.session.commit()

    def count(self, process: int) -> int:
        form = self.apps[process]
        with form.app.app_context():
            return int(form.get_online())

    def close(self) -> None:
        for form in self.apps.values():
            with form.app.app_context():
                form.db.engine.dispose()
        super().close()


class ArticleColumnForm(ArticleInFile):
    """The article's column."""

    id = "article-column"
    column = "lastseen"

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        self.start(lambda process: ArticleColumn(self.url, clocks.wall(process)))

    def request(self, user: str, process: int) -> None:
        form = self.apps[process]
        with form.app.app_context():
            form.mark_online(form.db.session.get(form.User, self.ids[user]))

    def edges(self, at: int) -> list[int]:
        return [at + 5 * DAY + 1]  # seen exactly five days ago, a user is online: the article has >=


class BeforeRequestForm(ArticleInFile):
    """The form that most apps have: a column is written before each request."""

    id = "before-request"

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        self.start(lambda process: BeforeRequest(self.url, clocks.wall(process)))
        for form in self.apps.values():
            form.window = timedelta(microseconds=story.window)
        self.environ = EnvironBuilder().get_environ()  # of a request for the page at /

    def request(self, user: str, process: int) -> None:
        form = self.apps[process]
        with form.app.request_context({**self.environ}):
            login_user(form.db.session.get(form.User, self.ids[user]))
            form.app.preprocess_request()  # what Flask calls before each view


class ColumnForm(InFile):
    """Step 2, which writes each mark."""

    id = "column"
    is_cured = True
    table = "users"

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        app_engine = create_engine(self.url)
        self.engines = [presence_engine(app_engine, {}, wait_seconds=0, ping=False) for _ in range(2)]
        for engine in (app_engine, *self.engines):
            self.hurry(engine)
        User.metadata.create_all(app_engine)
        app_engine.dispose()
        for engine in self.engines:
            engine.connect().close()  # while the store still answers
        writing, reading = self.engines
        self.trackers = {
            process: DatabaseTracker(
                User.metadata.tables[User.__tablename__],
                writing=writing,
                reading=reading,
                window=timedelta(microseconds=story.window),
                resolution=timedelta(microseconds=self.resolution),
                clock=clocks.wall(process),
            )
            for process in story.processes
        }

    @property
    def resolution(self) -> int:
        """How stale the column may be."""
        return 0

    def create(self, user: str) -> None:
        with self.engines[0].connect() as connection:
            connection.execute(insert(User).values(id=self.ids[user], name=user, password_hash=""))

    def request(self, user: str, process: int) -> None:
        self.trackers[process].mark_online(Someone(self.ids[user]))

    def count(self, process: int) -> int:
        return self.trackers[process].get_online()

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()
        super().close()


class ColumnWithResolutionForm(ColumnForm):
    """Step 2, which writes a user only when the last mark is old enough."""

    id = "column-resolution"

    @property
    def resolution(self) -> int:
        return self.story.resolution


class InRedis(Form):
    """Keys in a fakeredis of its own."""

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        self.server = FakeServer()
        self.client = FakeRedis(server=self.server)
        self.trackers: dict[int, Any] = {}

    def count(self, process: int) -> int:
        return int(self.trackers[process].get_online())

    def stop(self, *, down: bool) -> None:
        self.server.connected = not down

    def close(self) -> None:
        self.client.close()


class ArticleRedisForm(InRedis):
    """The article's sets of a minute."""

    id = "article-redis"

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        self.trackers = {
            process: ArticleRedis(self.client, clocks.wall(process)) for process in story.processes
        }
        self.held: list[tuple[int, Entry]] = []  # when it expires, and what it is

    def request(self, user: str, process: int) -> None:
        self.trackers[process].mark_online(Someone(self.ids[user]))
        self.held = self.all_held()

    def edges(self, at: int) -> list[int]:
        minute = at // MINUTE * MINUTE  # before it begins here, a mark of a faster clock does not count
        return [minute + FIVE_MINUTES, at // SECOND * SECOND + EXPIRY_OF_A_BUCKET, minute]

    def remembered(self) -> list[Entry]:
        offset = self.clocks.offset(1)
        left = [entry for expires, entry in self.held if expires > self.clocks.now + offset]
        return [entry._replace(gone=entry.gone - offset) for entry in left]

    def all_held(self) -> list[tuple[int, Entry]]:
        """Return what Redis holds, and when that expires by the story's clock; what has expired is deleted.

        Redis would do so by itself, but this one reads another clock.
        """
        now = self.clocks.now + self.clocks.offset(1)
        names: list[Any] = sorted(self.client.keys("*"))
        pipeline = self.client.pipeline(transaction=False)
        for name in names:
            pipeline.expiretime(name)
            if name.startswith(b"online-users/"):
                pipeline.smembers(name)
            else:
                pipeline.get(name)
        replies = pipeline.execute()
        found = []
        for name, expiry, held in zip(names, replies[::2], replies[1::2], strict=True):
            expires = expiry * SECOND - self.clocks.start
            if expires <= now:
                self.client.delete(name)
            else:
                found.append((expires, self.entry(name.decode(), held, expires)))
        return found

    def entry(self, key: str, held: Any, expires: int) -> Entry:
        """Put a key into words; gone is by the clock that dated it."""
        if not key.startswith("online-users/"):
            return Entry(ALL, key, self.clocks.text(int(held) * SECOND, whole=True), expires)
        minute = int(key.partition("/")[2]) * MINUTE
        members = " ".join(sorted(self.names[int(member)] for member in held))
        since = self.clocks.text(minute, whole=True)[:5]
        return Entry(ALL, key, f"{since} {{{members}}}", minute - self.clocks.start + FIVE_MINUTES)


class SortedSetForm(InRedis):
    """Step 3."""

    id = "sorted-set"
    is_cured = True

    def __init__(self, story: Story, clocks: Clocks, folder: Path) -> None:
        super().__init__(story, clocks, folder)
        window = timedelta(microseconds=story.window)
        self.trackers = {
            process: RedisTracker(self.client, window=window, clock=clocks.wall(process))
            for process in story.processes
        }
        self.key = self.trackers[1].key
        self.expires = 0  # by the clock of process 1, which is that of Redis too

    def request(self, user: str, process: int) -> None:
        self.expire()
        self.trackers[process].mark_online(Someone(self.ids[user]))
        left = self.client.pttl(self.key)
        if left > 0:  # the mark has set a new time to live
            self.expires = self.clocks.now + self.clocks.offset(1) + left * 1000
            self.client.persist(self.key)

    def count(self, process: int) -> int:
        self.expire()
        return super().count(process)

    def expire(self) -> None:
        """Delete the key when its time has come: fakeredis would do so by another clock than the story's."""
        if self.clocks.now + self.clocks.offset(1) >= self.expires:
            self.client.delete(self.key)

    def edges(self, at: int) -> list[int]:
        return [at + self.story.window, at + self.story.window + MINUTE]

    def remembered(self) -> list[Entry]:
        members: Any = self.client.zrange(self.key, 0, -1, withscores=True)
        return [
            Entry(ALL, self.names[int(member)], self.clocks.text(int(score)), self.gone(int(score)))
            for member, score in members
        ]


FORMS: dict[str, type[Form]] = {
    form.id: form
    for form in (
        ArticleDictForm,
        DictForm,
        ArticleColumnForm,
        ColumnForm,
        BeforeRequestForm,
        ColumnWithResolutionForm,
        ArticleRedisForm,
        SortedSetForm,
    )
}


@contextmanager
def started(form: type[Form], story: Story, folder: Path) -> Iterator[Form]:
    """Lend a form whose users have old accounts, unless the story creates them; close it afterwards."""
    clocks = Clocks(story)
    found = form(story, clocks, folder)
    try:
        clocks.now = LONG_AGO
        for user in story.users:
            if user not in dict(story.created):
                found.create(user)
        clocks.now = 0
        yield found
    finally:
        found.close()
