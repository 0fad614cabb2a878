"""A mark beside a request's own transaction: the view goes on to change the very user that was marked."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from common.auth import token_auth
from step2_database.models import User, db
from tests.helpers.apps import bearer, token_of
from tests.helpers.users import ALICE
from tests.step2_database.conftest import MakeApp, clock_of, tracker_of


def with_a_view_that_renames(app: Flask) -> Flask:
    """Add a view that changes the user who calls it."""

    @app.post("/rename")
    @token_auth.login_required
    def rename() -> dict[str, Any]:
        user: User = token_auth.current_user()
        user.name = "alicia"
        db.session.commit()
        return {"name": user.name}

    return app


def renames(app: Flask) -> None:
    """Sign in, let time pass so that the next request writes, and have it change the user."""
    token = token_of(app, "alice")
    clock_of(app).advance(minutes=1)
    answer = app.test_client().post("/rename", headers=bearer(token))
    assert answer.json == {"name": "alicia"}
    assert tracker_of(app).last_seen(ALICE) == clock_of(app).now  # and the view has not put the old time back


def test_the_view_may_change_the_user_who_was_just_marked(make_app: MakeApp) -> None:
    renames(with_a_view_that_renames(make_app()))


@pytest.mark.parametrize("backend", ["mysql"])
def test_also_where_mariadb_guards_its_snapshots(make_app: MakeApp, app: Flask) -> None:
    """The default from MariaDB 11.8; error 1020 without READ COMMITTED, as the second half shows."""
    with app.app_context():
        if "MariaDB" not in db.session.execute(text("SELECT version()")).scalar_one():
            pytest.skip("MySQL has no such guard")
    needs = {"connect_args": {"init_command": "SET innodb_snapshot_isolation = ON"}}
    unguarded = {**needs, "isolation_level": "REPEATABLE READ"}
    with pytest.raises(DBAPIError, match="1020"):
        renames_or_raises(make_app(SQLALCHEMY_ENGINE_OPTIONS=unguarded))
    renames(with_a_view_that_renames(make_app(SQLALCHEMY_ENGINE_OPTIONS=needs)))


@pytest.mark.parametrize("backend", ["postgresql"])
def test_also_where_postgresql_defaults_to_repeatable_read(make_app: MakeApp, database: URL) -> None:
    options = f"{database.query['options']} -c default_transaction_isolation=repeatable\\ read"
    renames(with_a_view_that_renames(make_app(url=database.update_query_dict({"options": options}))))


def renames_or_raises(app: Flask) -> None:
    """Do as the view does, without its error handler."""
    clock_of(app).advance(minutes=1)
    with app.app_context():
        alice = db.session.get_one(User, 1)
        tracker_of(app).mark_online(alice)
        alice.name = "alicia"
        db.session.commit()
