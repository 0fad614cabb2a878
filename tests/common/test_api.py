"""What new_app() gives every step: the addresses, and refusals in one JSON sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tests.common.conftest import NotingTracker, db, make_app
from tests.helpers.apps import QUICK_HASH


def sign_in(client: FlaskClient, name: str) -> dict[str, str]:
    answer = client.post("/api/tokens", auth=(name, "demo"))
    assert answer.json is not None
    return {"Authorization": f"Bearer {answer.json['token']}"}


def test_a_token_comes_with_its_type_and_age(client: FlaskClient) -> None:
    answer = client.post("/api/tokens", auth=("alice", "demo"))
    assert answer.json is not None
    assert list(answer.json) == ["token", "token_type", "expires_in"]
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["Cache-Control"] == "no-store"


def test_me_says_who_asks(client: FlaskClient) -> None:
    answer = client.get("/api/me", headers=sign_in(client, "alice"))
    assert answer.json == {"id": 1, "name": "alice", "last_seen": "2026-01-31T08:00:00+00:00"}


def test_users_online_are_listed_with_their_names_and_without_the_deleted(
    client: FlaskClient, tracker: NotingTracker
) -> None:
    bob = sign_in(client, "bob")
    tracker.marked.append(99)
    answer = client.get("/api/online/users", headers=bob)
    assert answer.json is not None
    assert [(user["id"], user["name"]) for user in answer.json["users"]] == [(2, "bob"), (2, "bob")]


def test_a_query_that_is_refused_marks_nobody_although_the_token_is_good(
    client: FlaskClient, tracker: NotingTracker
) -> None:
    alice = sign_in(client, "alice")
    tracker.marked.clear()
    for minutes in ("abc", "0x5", "2000"):
        assert client.get(f"/api/online/users?minutes={minutes}", headers=alice).status_code == 400
    assert tracker.marked == []


def test_the_list_is_unknown_while_the_store_fails(client: FlaskClient, tracker: NotingTracker) -> None:
    alice = sign_in(client, "alice")
    tracker.reads_fail = True
    listing = client.get("/api/online/users", headers=alice)
    assert listing.status_code == 503
    assert listing.json is not None and "unknown" in listing.json["error"]


def test_refusals_under_api_are_json_and_elsewhere_pages(client: FlaskClient) -> None:
    for method, path, status in (("GET", "/api/nothing", 404), ("GET", "/api/tokens", 405)):
        answer = client.open(path, method=method)
        assert answer.status_code == status
        assert answer.json is not None and list(answer.json) == ["error"]
    assert "POST" in client.get("/api/tokens").headers["Allow"]
    assert client.get("/nothing").mimetype == "text/html"


def test_without_a_database_of_users_the_api_answers_503_and_logs_a_line(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        db.drop_all()
    answer = client.post("/api/tokens", auth=("alice", "demo"))
    assert answer.status_code == 503
    assert answer.json is not None and "init-db" in answer.json["error"]
    assert len(caplog.records) == 1
    assert "no such table" in caplog.text and "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "failure", [InterfaceError("SELECT", {}, Exception("closed")), PoolTimeoutError("no connection is free")]
)
def test_a_database_that_does_not_answer_is_a_503(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(_: str) -> None:
        raise failure

    monkeypatch.setattr("common.auth.find_by_name", fail)
    assert client.post("/api/tokens", auth=("alice", "demo")).status_code == 503


def test_the_list_is_of_the_window_asked_for(client: FlaskClient, tracker: NotingTracker) -> None:
    alice = sign_in(client, "alice")
    client.get("/api/online/users?minutes=0.1", headers=alice)
    client.get("/api/online/users", headers=alice)
    assert tracker.windows == [timedelta(seconds=6), timedelta(minutes=5)]


def test_a_mistake_in_the_server_is_a_500_in_json(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.extensions["presence"] = None
    answer = app.test_client().get("/api/online/users")
    assert answer.status_code == 500
    assert answer.json is not None and "log" in answer.json["error"]
    assert "Traceback" in caplog.text


def test_two_apps_in_one_process_do_not_mix(client: FlaskClient, tracker: NotingTracker) -> None:
    other = make_app({"SQLALCHEMY_DATABASE_URI": "sqlite://", "PASSWORD_HASH_METHOD": QUICK_HASH})
    sign_in(client, "alice")
    assert tracker.marked == [1]
    assert other.extensions["presence"].tracker.marked == []
    assert other.test_client().post("/api/tokens", auth=("alice", "demo")).status_code == 503
    with other.app_context():
        db.engine.dispose()
