"""The column: an instant in UTC, to the microsecond, on each database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import pytz
from flask import Flask
from sqlalchemy import Dialect, create_engine, inspect, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import StatementError

from step2_database.models import User, db
from step2_database.utc_datetime import UtcDateTime

EIGHT_IN_BEIJING = datetime(2026, 1, 31, 8, 0, 0, 123457, tzinfo=ZoneInfo("Asia/Shanghai"))


def stored(app: Flask, moment: datetime | None) -> datetime | None:
    """Write a time through the session, and read it back from the database."""
    with app.app_context():
        db.session.get_one(User, 1).last_seen = moment
        db.session.commit()
        return db.session.get_one(User, 1).last_seen


@pytest.mark.parametrize(
    "moment",
    [
        EIGHT_IN_BEIJING,
        EIGHT_IN_BEIJING.astimezone(UTC),
        EIGHT_IN_BEIJING.astimezone(pytz.UTC),
        EIGHT_IN_BEIJING.astimezone(timezone(timedelta(hours=-3, minutes=-30))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2262, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
    ids=str,
)
def test_an_instant_comes_back_as_the_same_instant_in_utc(app: Flask, moment: datetime) -> None:
    found = stored(app, moment)
    assert found == moment
    assert found.utcoffset() == timedelta(0)


@pytest.mark.usefixtures("in_beijing")
@pytest.mark.parametrize(
    ("dialect", "given"),
    [
        (sqlite.dialect(), "2026-01-31T00:00:00.123457+00:00"),
        (postgresql.dialect(), "2026-01-31T00:00:00.123457+00:00"),  # type: ignore[no-untyped-call]
        (mysql.dialect(), "2026-01-31T00:00:00.123457"),
    ],
    ids=["sqlite", "postgresql", "mysql"],
)
def test_a_driver_is_given_utc_and_whatever_zone_it_answers_in_utc_comes_back(
    dialect: Dialect, given: str
) -> None:
    column = UtcDateTime()
    bound = column.process_bind_param(EIGHT_IN_BEIJING, dialect)
    assert bound is not None and bound.isoformat() == given
    for answer in (EIGHT_IN_BEIJING, EIGHT_IN_BEIJING.astimezone(UTC).replace(tzinfo=None)):
        found = column.process_result_value(answer, dialect)
        assert found is not None and found.isoformat() == "2026-01-31T00:00:00.123457+00:00"


def test_never_seen_is_null(app: Flask) -> None:
    assert stored(app, None) is None


def test_a_naive_time_is_refused_with_the_way_to_write_it(app: Flask) -> None:
    with pytest.raises(StatementError, match=r"has no time zone: write datetime.now\(UTC\)"):
        stored(app, EIGHT_IN_BEIJING.replace(tzinfo=None))


def test_the_column_is_indexed_and_keeps_microseconds_where_that_must_be_asked_for(app: Flask) -> None:
    with app.app_context():
        there = inspect(db.engine)
        assert ["last_seen"] in [index["column_names"] for index in there.get_indexes("users")]
        (column,) = [column for column in there.get_columns("users") if column["name"] == "last_seen"]
        assert column["nullable"]
        declared = UtcDateTime().dialect_impl(db.engine.dialect).compile(db.engine.dialect)
    expected = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP WITH TIME ZONE", "mysql": "DATETIME(6)"}
    assert declared == expected[db_name(app)]


def db_name(app: Flask) -> str:
    """Return sqlite, postgresql or mysql; mariadb is the other name of the latter."""
    with app.app_context():
        return db.engine.dialect.name.replace("mariadb", "mysql")


@pytest.mark.parametrize("backend", ["mysql"])
def test_a_url_that_says_mariadb_keeps_microseconds_too(app: Flask) -> None:
    with app.app_context():
        url = db.engine.url.set(drivername="mariadb+pymysql")
    dialect = create_engine(url).dialect  # nothing connects
    assert UtcDateTime().dialect_impl(dialect).compile(dialect) == "DATETIME(6)"


def test_the_column_is_compared_with_an_instant_in_any_zone_and_with_no_naive_time(
    app: Flask,
) -> None:
    stored(app, EIGHT_IN_BEIJING)
    at_that_time = select(User.id).where(User.last_seen == EIGHT_IN_BEIJING)
    with app.app_context():
        assert db.session.scalars(at_that_time).all() == [1]
        with pytest.raises(StatementError, match="has no time zone"):
            db.session.scalars(select(User.id).where(User.last_seen > EIGHT_IN_BEIJING.replace(tzinfo=None)))


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_span_may_be_taken_from_the_column(app: Flask) -> None:
    stored(app, EIGHT_IN_BEIJING)
    earlier = select(User.last_seen - timedelta(minutes=5)).where(User.id == 1)
    with app.app_context():
        assert db.session.scalar(earlier) == EIGHT_IN_BEIJING - timedelta(minutes=5)
