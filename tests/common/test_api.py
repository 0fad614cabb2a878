"""What new_app() gives every step: the addresses, and refusals in one JSON sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tests.common.conftest import SEEN, NotingTracker, db, make_app
from tests.helpers.apps import QUICK_HASH

WITHOUT_USERS = (
    "The users' database fails: the server's log has the reason, and init-db says what is missing."
)
UNKNOWN = "Who is online is unknown, because the presence store does not answer; try again later."


def sign_in(client: FlaskClient, name: str) -> dict[str, str]:
    answer = client.post("/api/tokens", auth=(name, "demo"))
    assert answer.json is not None
    return {"Authorization": f"Bearer {answer.json['token']}"}


@pytest.mark.parametrize("age", [3600, 60, 86_400])
def test_a_token_comes_with_its_type_and_the_age_that_is_set(
    app: Flask, client: FlaskClient, age: int
) -> None:
    app.config["TOKEN_MAX_AGE_SECONDS"] = age
    answer: Any = client.post("/api/tokens", auth=("alice", "demo")).json
    assert list(answer) == ["token", "token_type", "expires_in"]
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", age)
    bearer = {"Authorization": f"{answer['token_type']} {answer['token']}"}
    assert client.get("/api/me", headers=bearer).status_code == 200


def test_no_answer_may_be_kept_by_anybody(client: FlaskClient, tracker: NotingTracker) -> None:
    alice = sign_in(client, "alice")
    for status, method, path in (
        (200, "POST", "/api/tokens"),
        (200, "GET", "/api/online"),
        (200, "GET", "/api/me"),
        (200, "GET", "/api/online/users"),
        (400, "GET", "/api/online?minutes=x"),
        (401, "GET", "/api/me"),
        (404, "GET", "/api/nothing"),
        (404, "GET", "/nothing"),
        (405, "PUT", "/api/me"),
        (503, "GET", "/api/online"),
    ):
        tracker.reads_fail = status == 503
        headers = {} if status == 401 else alice
        auth = ("alice", "demo") if path == "/api/tokens" else None
        answer = client.open(path, method=method, headers=None if auth else headers, auth=auth)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store"), path


def test_me_says_who_asks(client: FlaskClient) -> None:
    answer = client.get("/api/me", headers=sign_in(client, "alice"))
    assert answer.json == {"id": 1, "name": "alice", "last_seen": "2026-01-31T08:00:00.123457+00:00"}


def test_users_online_are_listed_with_their_names_and_without_the_deleted(
    client: FlaskClient, tracker: NotingTracker
) -> None:
    sign_in(client, "alice")
    bob = sign_in(client, "bob")
    tracker.marked.remove(2)
    tracker.marked.append(99)
    seen = SEEN.isoformat()
    assert client.get("/api/online/users", headers=bob).json == {
        "users": [
            {"id": 2, "name": "bob", "last_seen": seen},
            {"id": 1, "name": "alice", "last_seen": seen},
        ]
    }


def test_at_most_a_hundred_users_are_listed(client: FlaskClient, tracker: NotingTracker) -> None:
    alice = sign_in(client, "alice")
    tracker.marked += [2] * 150
    listed: Any = client.get("/api/online/users", headers=alice).json
    assert [user["id"] for user in listed["users"]] == [1, *[2] * 99]


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
    for path in ("/api/online/users", "/api/online"):
        answer = client.get(path, headers=alice)
        assert (answer.status_code, answer.json) == (503, {"error": UNKNOWN})


MALFORMED = "minutes is a decimal number such as 5 or 0.1, given once."
TOO_LONG = "minutes cannot be answered: a window of more than a day is too long."
NO_TOKEN = "No valid token: ask for one with POST /api/tokens and send it as Bearer."
NO_PASSWORD = "Wrong name or password, or an inactive account: send HTTP Basic credentials."
NO_ADDRESS = "There is no such address: the README lists those there are."


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/api/online?minutes=x", 400, MALFORMED),
        ("GET", "/api/online?minutes=5&minutes=5", 400, MALFORMED),
        ("GET", "/api/online?minutes=2000", 400, TOO_LONG),
        ("GET", f"/api/online?minutes={'9' * 400}", 400, TOO_LONG),
        ("GET", "/api/me", 401, NO_TOKEN),
        ("GET", "/api/online/users", 401, NO_TOKEN),
        ("POST", "/api/tokens", 401, NO_PASSWORD),
        ("GET", "/api/nothing", 404, NO_ADDRESS),
        ("GET", "/api//me", 404, NO_ADDRESS),
        ("GET", "/api/tokens", 405, "GET is not for this address: use POST."),
        ("POST", "/api/me", 405, "POST is not for this address: use GET."),
        ("PUT", "/api/both", 405, "PUT is not for this address: use GET or POST."),
    ],
)
def test_a_refusal_under_api_is_one_sentence_in_json_that_says_what_to_do(
    app: Flask, client: FlaskClient, method: str, path: str, status: int, sentence: str
) -> None:
    app.add_url_rule("/api/both", view_func=lambda: "", methods=["POST", "GET"])
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/json")
    assert answer.get_data(as_text=True) == f'{{"error":"{sentence}"}}\n'


NO_NUMBERS = ["", "-", "-1", "+1", ".", ".5", "5.", "1,5", "5m", "0x5", "1_000", "1e5", "nan", "inf", "abc"]
NO_DIGITS = ["%20", "%205", "5%0A", "5%00", "%00", "%FF", "%D9%A5", "%EF%BC%95"]  # the last are ٥ and ５


@pytest.mark.parametrize("minutes", NO_NUMBERS + NO_DIGITS)
def test_minutes_that_are_no_decimal_number_are_refused(client: FlaskClient, minutes: str) -> None:
    assert client.get(f"/api/online?minutes={minutes}").json == {"error": MALFORMED}


@pytest.mark.parametrize(
    ("method", "path", "name", "value"),
    [
        ("GET", "/api/me", "WWW-Authenticate", 'Bearer realm="Authentication Required"'),
        ("GET", "/api/online/users", "WWW-Authenticate", 'Bearer realm="Authentication Required"'),
        ("POST", "/api/tokens", "WWW-Authenticate", 'Basic realm="Authentication Required"'),
        ("GET", "/api/tokens", "Allow", "OPTIONS, POST"),
        ("POST", "/api/me", "Allow", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_refusal_keeps_the_header_that_its_status_needs(
    client: FlaskClient, method: str, path: str, name: str, value: str
) -> None:
    answer = client.open(path, method=method)
    assert ", ".join(sorted(answer.headers[name].split(", "))) == value


@pytest.mark.parametrize("path", ["/nothing", "/apis", "/my/api/nothing"])
def test_elsewhere_a_refusal_is_a_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_without_a_database_of_users_the_api_answers_503_and_logs_a_line(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        db.drop_all()
    answer = client.post("/api/tokens", auth=("alice", "demo"))
    assert (answer.status_code, answer.json) == (503, {"error": WITHOUT_USERS})
    logged = [(record.levelname, record.getMessage(), record.exc_info) for record in caplog.records]
    assert logged == [("ERROR", "The users' database fails: no such table: users", None)]


@pytest.mark.parametrize(
    "failure",
    [
        InterfaceError("SELECT", {}, Exception("10.0.0.7 is closed")),
        ProgrammingError("SELECT", {}, Exception("10.0.0.7 is closed")),
        PoolTimeoutError("10.0.0.7 is closed"),
    ],
)
def test_what_the_driver_says_goes_to_the_log_and_not_to_the_client(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
) -> None:
    def fail(_: str) -> None:
        raise failure

    monkeypatch.setattr("common.auth.find_by_name", fail)
    answer = client.post("/api/tokens", auth=("alice", "demo"))
    assert (answer.status_code, answer.json) == (503, {"error": WITHOUT_USERS})
    assert [record.getMessage() for record in caplog.records] == [
        "The users' database fails: 10.0.0.7 is closed"
    ]


@pytest.mark.parametrize(("query", "minutes"), [("", "5"), ("?minutes=5.0", "5"), ("?minutes=0.1", "0.1")])
def test_a_number_is_written_without_a_needless_fraction(
    client: FlaskClient, query: str, minutes: str
) -> None:
    answer = client.get(f"/api/online{query}").get_data(as_text=True)
    assert answer == f'{{"online":0,"minutes":{minutes},"resolution_seconds":0}}\n'


@pytest.mark.parametrize("path", ["/api/online", "/api/online/users"])
def test_the_count_and_the_list_are_of_the_window_asked_for(
    client: FlaskClient, tracker: NotingTracker, path: str
) -> None:
    alice = sign_in(client, "alice")
    client.get(f"{path}?minutes=0.1", headers=alice)
    client.get(path, headers=alice)
    assert tracker.windows == [timedelta(seconds=6), timedelta(minutes=5)]


def test_a_mistake_in_the_server_is_a_500_in_json(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.extensions["presence"] = None
    answer = app.test_client().get("/api/online/users")
    assert (answer.status_code, answer.json) == (
        500,
        {"error": "The server failed: its log has the reason."},
    )
    assert "Traceback" in caplog.text


def test_two_apps_in_one_process_do_not_mix(client: FlaskClient, tracker: NotingTracker) -> None:
    other = make_app({"SQLALCHEMY_DATABASE_URI": "sqlite://", "PASSWORD_HASH_METHOD": QUICK_HASH})
    sign_in(client, "alice")
    assert tracker.marked == [1]
    assert other.extensions["presence"].tracker.marked == []
    assert other.test_client().post("/api/tokens", auth=("alice", "demo")).status_code == 503
    with other.app_context():
        db.engine.dispose()
