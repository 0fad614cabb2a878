"""database-3 on a real PostgreSQL: writer and reader whose sessions are in different time zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import URL

from article.with_column import ArticleColumn
from tests.helpers.clock import FIVE_MINUTES, FakeClock
from tests.helpers.users import ALICE
from tests.step2_database.conftest import MakeApp, clock_of, tracker_of

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
# In New York on 1 November 2026 the clock shows 01:30 twice: at 05:30 UTC and at 06:30 UTC.
FIRST_HALF_PAST_ONE = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)

pytestmark = pytest.mark.parametrize("backend", ["postgresql"])
Session = Callable[[str], URL]


@pytest.fixture
def session(database: URL) -> Session:
    """Return the address under which a session is in that time zone."""
    return lambda zone: database.update_query_dict(
        {"options": f"{database.query['options']} -c timezone={zone}"}
    )


@pytest.fixture
def articles(session: Session) -> Iterator[Callable[..., ArticleColumn]]:
    """Make the article's form for a session in some zone; with its window mended, only the zone is wrong."""
    made: list[ArticleColumn] = []

    def make(zone: str, clock: FakeClock) -> ArticleColumn:
        article = ArticleColumn(session(zone), clock)
        article.window = FIVE_MINUTES
        made.append(article)
        return article

    yield make
    for article in made:
        with article.app.app_context():
            article.db.engine.dispose()


class Case(NamedTuple):
    """Someone is seen through a session of one zone, and counted some time later through one of another."""

    writer: str
    reader: str
    seen: datetime
    later: timedelta


def counted_by_the_article(articles: Callable[..., ArticleColumn], case: Case) -> int:
    """Let the article's form mark and count."""
    clock = FakeClock(case.seen)
    writing, reading = articles(case.writer, clock), articles(case.reader, clock)
    with writing.app.app_context():
        writing.db.create_all()
        user = writing.User(name="alice")
        user.save()
        writing.mark_online(user)
    clock.now += case.later
    with reading.app.app_context():
        return reading.get_online()


def counted_by_ours(make_app: MakeApp, session: Session, case: Case) -> int:
    """Let ours do the same."""
    writing, reading = (make_app(session(zone)) for zone in (case.writer, case.reader))
    clock_of(writing).now = case.seen
    tracker_of(writing).mark_online(ALICE)
    clock_of(reading).now = case.seen + case.later
    assert tracker_of(reading).last_seen(ALICE) == case.seen
    return tracker_of(reading).get_online()


@pytest.mark.parametrize(
    ("case", "article_says", "is_online"),
    [
        (Case("America/New_York", "UTC", NOON, timedelta(minutes=1)), 0, 1),
        (Case("Asia/Shanghai", "UTC", NOON, timedelta(hours=1)), 1, 0),
        (Case("America/New_York", "America/New_York", FIRST_HALF_PAST_ONE, timedelta(minutes=61)), 1, 0),
        (Case("Asia/Shanghai", "Asia/Shanghai", NOON, timedelta(minutes=1)), 1, 1),
    ],
    ids=[
        "written in New York, read in UTC",
        "written in Shanghai, read in UTC",
        "the autumn hour",
        "one zone whose clocks never change: the article is right",
    ],
)
def test_database_3_the_zone_of_a_session_moves_nobody(
    articles: Callable[..., ArticleColumn],
    make_app: MakeApp,
    session: Session,
    case: Case,
    article_says: int,
    is_online: int,
) -> None:
    assert counted_by_the_article(articles, case) == article_says
    assert counted_by_ours(make_app, session, case) == is_online
