"""The lessons' drawings are replayed: the trackers say at each time what the drawing says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from unicodedata import east_asian_width

import pytest
from fakeredis import FakeRedis, FakeServer
from sqlalchemy import Engine, StaticPool, create_engine, insert

from article.with_redis import ArticleRedis
from step2_database.models import User
from step2_database.tracker import DatabaseTracker
from step3_redis.tracker import RedisTracker
from tests.helpers.clock import FakeClock
from tests.helpers.started_steps import ROOT
from tests.helpers.users import ALICE
from tools.documents.markdown import document

IN_ENGLISH = {
    "在线": "online",
    "离线": "offline",
    "是": "yes",
    "写入间隔": "resolution",
}
LANGUAGES = pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])


def drawing(lesson: str) -> list[list[str]]:
    """Return the cells of a lesson's first drawing: columns begin where those of its first line do."""
    parts = document(ROOT / lesson).parts
    text = next(part.text for part in parts if part.kind == "code" and part.language == "text")
    head, *rows = ["".join(map(as_wide_as_shown, line)) for line in text.splitlines()]
    starts = [0, *(word.start() for word in re.finditer(r"(?<=  )\S", head))]
    ends = [*starts[1:], None]
    cells = [[line[start:end] for start, end in zip(starts, ends, strict=True)] for line in (head, *rows)]
    return [[in_english(cell.replace("\0", "").strip()) for cell in row] for row in cells]


def as_wide_as_shown(character: str) -> str:
    """Let a Chinese character take the two columns that it takes on a screen."""
    return f"{character}\0" if east_asian_width(character) in "WF" else character


def in_english(cell: str) -> str:
    """Turn the words that the trackers can be asked about."""
    for chinese, english in IN_ENGLISH.items():
        cell = cell.replace(chinese, english)
    return cell


def times_in(cell: str) -> list[str]:
    """Return the times of day in a cell."""
    return re.findall(r"\d\d:\d\d:\d\d", cell)


def at(time: str) -> datetime:
    """Return that time of tomorrow: what the article lets expire then, no Redis drops today."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, day_time.fromisoformat(time), UTC)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A database in memory with alice in it."""
    engine = create_engine("sqlite://", poolclass=StaticPool, isolation_level="AUTOCOMMIT")
    User.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(insert(User).values(id=ALICE.id, name="alice", password_hash=""))
    yield engine
    engine.dispose()


@LANGUAGES
@pytest.mark.parametrize("row", [3, 4])
def test_lesson_2_when_a_user_is_written_and_shown_online(engine: Engine, readme: str, row: int) -> None:
    rows = drawing(f"step2_database/{readme}")
    (_, *times), (_, *calls), (_, *written), (says, *states) = *rows[:3], rows[row]
    resolution = timedelta(seconds=int(says.removeprefix("resolution ")))
    clock = FakeClock()
    table = User.metadata.tables["users"]
    tracker = DatabaseTracker(table, writing=engine, reading=engine, resolution=resolution, clock=clock)
    for column, time in enumerate(times):
        clock.now = at(time)
        if calls[column] == "yes":
            tracker.mark_online(ALICE)
            if resolution:  # without one, every call is written
                assert (tracker.last_seen(ALICE) == clock.now) == (written[column] == "yes")
        assert ("online" if tracker.get_online() else "offline") == states[column]


@LANGUAGES
@pytest.mark.parametrize("column", [2, 3])
def test_lesson_3_how_long_five_sets_of_a_minute_last(readme: str, column: int) -> None:
    head, *rows, truth = drawing(f"step3_redis/{readme}")
    (seen_at,) = map(at, times_in(head[column]))
    clock = FakeClock(seen_at)
    client = FakeRedis(server=FakeServer())
    article, ours = ArticleRedis(client, clock), RedisTracker(client, clock=clock)
    article.mark_online(ALICE)
    ours.mark_online(ALICE)
    for row in rows:
        clock.now = at(row[0])
        minutes = [f"{clock.now - timedelta(minutes=ago):%H:%M}" for ago in (4, 0)]
        assert row[1] == " … ".join(minutes)
        assert article.get_online() == row[column].startswith("online")
        since = f"{clock.now - seen_at}"[3:]
        assert all(since == time for time in re.findall(r"\d:\d\d", row[column]))
    (clock.now,) = map(at, times_in(truth[column]))
    assert ours.get_online() == 0
    clock.advance(microseconds=-1)
    assert ours.get_online() == 1
