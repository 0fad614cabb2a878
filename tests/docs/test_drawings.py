"""The lessons' drawings are replayed: the trackers say at each time what the drawing says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from unicodedata import east_asian_width

import pytest
from sqlalchemy import Engine, StaticPool, create_engine, insert

from step2_database.models import User
from step2_database.tracker import DatabaseTracker
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


def at(time: str) -> datetime:
    """Return that time of some day."""
    return datetime.combine(date(2026, 1, 31), day_time.fromisoformat(time), UTC)


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
