"""The callbacks: one test for each defect of the article's, and who is let in."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from werkzeug.security import check_password_hash, generate_password_hash

import common.accounts
from common.auth import TOKEN_SALT, basic_auth, token_auth
from tests.common.conftest import NotingTracker, User, db
from tests.helpers.apps import QUICK_HASH, bearer, token_of


@pytest.fixture
def token(client: FlaskClient, tracker: NotingTracker) -> str:
    """Alice's token, with the notes of her sign-in wiped."""
    signed_in = client.post("/api/tokens", auth=("alice", "demo"))
    assert signed_in.status_code == 200
    tracker.marked.clear()
    token: str = signed_in.json["token"]  # type: ignore[index]
    return token


@pytest.fixture
def hash_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the stored hash of every password check, and each that is made anew."""
    checks: list[str] = []

    def noting(stored: str, password: str) -> bool:
        checks.append(stored)
        return check_password_hash(stored, password)

    def noting_new(password: str, method: str) -> str:
        checks.append("made anew")
        return generate_password_hash(password, method)

    monkeypatch.setattr(common.accounts, "check_password_hash", noting)
    monkeypatch.setattr(common.accounts, "generate_password_hash", noting_new)
    return checks


def change_alice(app: Flask, **values: object) -> None:
    with app.app_context():
        db.session.execute(db.update(User).where(User.name == "alice").values(**values))
        db.session.commit()


def test_auth_1_a_failing_store_fails_no_request(
    client: FlaskClient, tracker: NotingTracker, token: str
) -> None:
    tracker.marks_fail = tracker.reads_fail = True
    me = client.get("/api/me", headers=bearer(token))
    assert me.status_code == 200
    assert me.json == {"id": 1, "name": "alice", "last_seen": None}
    assert client.post("/api/tokens", auth=("alice", "demo")).status_code == 200


def test_auth_2_an_unknown_name_costs_the_same_hash_as_a_known_one(
    client: FlaskClient, hash_checks: list[str]
) -> None:
    client.post("/api/tokens", auth=("alice", "wrong"))
    client.post("/api/tokens", auth=("nobody", "wrong"))
    known, unknown = hash_checks
    assert known != unknown
    assert [stored.split("$")[0] for stored in hash_checks] == [QUICK_HASH, QUICK_HASH]


def test_auth_2_an_unknown_name_and_a_wrong_password_get_the_same_answer(client: FlaskClient) -> None:
    wrong = client.post("/api/tokens", auth=("alice", "wrong"))
    unknown = client.post("/api/tokens", auth=("nobody", "demo"))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.data == unknown.data
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]


def test_auth_3_the_current_user_is_the_user_with_a_password_and_with_a_token(
    app: Flask, client: FlaskClient
) -> None:
    seen = []

    @app.get("/by-password")
    @basic_auth.login_required
    def by_password() -> str:
        seen.append(basic_auth.current_user())
        return ""

    @app.get("/by-token")
    @token_auth.login_required
    def by_token() -> str:
        seen.append(token_auth.current_user())
        return ""

    signed_in = client.post("/api/tokens", auth=("alice", "demo"))
    assert signed_in.status_code == 200  # the view has the user to make a token for
    client.get("/by-password", auth=("alice", "demo"))
    client.get("/by-token", headers=bearer(signed_in.json["token"]))  # type: ignore[index]
    assert [type(user) for user in seen] == [User, User]


def test_auth_4_an_inactive_user_is_refused_and_not_marked(
    app: Flask, client: FlaskClient, tracker: NotingTracker, token: str
) -> None:
    change_alice(app, active=False)
    assert client.get("/api/me", headers=bearer(token)).status_code == 401
    assert client.post("/api/tokens", auth=("alice", "demo")).status_code == 401
    assert client.post("/api/tokens", auth=("carol", "demo")).status_code == 401
    assert tracker.marked == []


@pytest.mark.parametrize("age", [3600, 60])
def test_auth_5_a_token_ends_with_its_age(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, age: int
) -> None:
    app.config["TOKEN_MAX_AGE_SECONDS"] = age
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: 1_700_000_000)
    signed = token_of(app, "alice")

    def status_after(seconds: float) -> int:
        monkeypatch.setattr("common.auth.time.time", lambda: 1_700_000_000 + seconds)
        return client.get("/api/me", headers=bearer(signed)).status_code

    assert status_after(0) == status_after(age) == 200
    assert status_after(age + 0.001) == 401


@pytest.mark.parametrize("ahead", [1, 3600])
def test_auth_5_a_token_of_a_host_whose_clock_is_ahead_is_good(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    read = TimestampSigner.get_timestamp
    with monkeypatch.context() as host:
        host.setattr(TimestampSigner, "get_timestamp", lambda signer: read(signer) + ahead)
        token = client.post("/api/tokens", auth=("alice", "demo")).json["token"]  # type: ignore[index]
    assert client.get("/api/me", headers=bearer(token)).status_code == 200


def test_auth_5_a_token_that_was_tampered_with_or_signed_by_another_is_refused(
    app: Flask, client: FlaskClient, tracker: NotingTracker, token: str
) -> None:
    payload, stamp, signature = token.split(".")
    claim = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt=TOKEN_SALT).loads(token)
    for forged in (
        f"{payload}.{stamp}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        f"{payload}x.{stamp}.{signature}",
        f"{payload}.{stamp}",
        URLSafeTimedSerializer("another key", salt=TOKEN_SALT).dumps(claim),
        URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="password-reset").dumps(claim),
    ):
        assert client.get("/api/me", headers=bearer(forged)).status_code == 401, forged
    assert tracker.marked == []


@pytest.mark.parametrize(
    "claim_with",
    [
        lambda stamp: 1,
        lambda stamp: stamp,
        lambda stamp: None,
        lambda stamp: {"1": stamp},
        lambda stamp: [],
        lambda stamp: [1],
        lambda stamp: [stamp],
        lambda stamp: ["1", stamp],
        lambda stamp: [1.0, stamp],
        lambda stamp: [1, [stamp]],
        lambda stamp: [1, None],
        lambda stamp: [1, ""],
        lambda stamp: [1, stamp[:-1]],
        lambda stamp: [1, stamp, 3],
        lambda stamp: [2, stamp],
        lambda stamp: [99, stamp],
    ],
)
def test_a_token_of_ours_with_another_content_is_refused(
    app: Flask, client: FlaskClient, tracker: NotingTracker, token: str, claim_with: Callable[[str], object]
) -> None:
    serializer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt=TOKEN_SALT)
    _, stamp = serializer.loads(token)
    forged = serializer.dumps(claim_with(stamp))
    assert client.get("/api/me", headers=bearer(forged)).status_code == 401
    assert tracker.marked == []


def test_after_a_change_of_the_secret_key_earlier_tokens_are_good_while_the_earlier_key_is_kept(
    app: Flask, client: FlaskClient, token: str
) -> None:
    earlier = app.config["SECRET_KEY"]
    app.config.update(SECRET_KEY="the next key", SECRET_KEY_FALLBACKS=[earlier])
    assert client.get("/api/me", headers=bearer(token)).status_code == 200
    newer = token_of(app, "alice")
    app.config["SECRET_KEY_FALLBACKS"] = []
    assert client.get("/api/me", headers=bearer(token)).status_code == 401
    assert client.get("/api/me", headers=bearer(newer)).status_code == 200  # it is the new key that signs


def test_auth_6_a_password_is_hashed_once_and_a_token_hashes_nothing(
    client: FlaskClient, token: str, hash_checks: list[str]
) -> None:
    for _ in range(5):
        assert client.get("/api/me", headers=bearer(token)).status_code == 200
    assert hash_checks == []
    client.post("/api/tokens", auth=("alice", "demo"))
    assert len(hash_checks) == 1


def test_a_token_holds_the_id_and_a_stamp_that_is_no_piece_of_the_stored_hash(app: Flask, token: str) -> None:
    """Salt and stamp are as they always were: an upgrade that changed one would sign everybody out."""
    with app.app_context():
        stored = db.session.scalar(db.select(User.password_hash).where(User.name == "alice"))
    claim: Any = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="api-token").loads(token)
    assert claim == [1, hashlib.sha256(stored.encode()).hexdigest()[:16]]
    assert claim[1] not in stored


def test_a_password_is_checked_whole(client: FlaskClient, tracker: NotingTracker) -> None:
    for password in ("demo\0", "demo\0x", "dem", "demo ", " demo", "DEMO", "", "d" * 10_000):
        assert client.post("/api/tokens", auth=("alice", password)).status_code == 401, password
    assert tracker.marked == []


def test_a_token_ends_with_the_password_it_was_got_by(app: Flask, client: FlaskClient, token: str) -> None:
    with app.app_context():
        alice = db.session.scalar(db.select(User).where(User.name == "alice"))
        alice.set_password("another")
        db.session.commit()
    assert client.get("/api/me", headers=bearer(token)).status_code == 401
    assert client.post("/api/tokens", auth=("alice", "another")).status_code == 200


def test_a_deleted_users_token_is_refused_and_the_id_is_never_given_to_another(
    app: Flask, client: FlaskClient, tracker: NotingTracker
) -> None:
    with app.app_context():
        common.accounts.add_account("dave", "demo")
    token = client.post("/api/tokens", auth=("dave", "demo")).json["token"]  # type: ignore[index]
    tracker.marked.clear()
    with app.app_context():
        db.session.execute(db.delete(User).where(User.name == "dave"))
        db.session.commit()
        common.accounts.add_account("erin", "demo")
        erin = common.accounts.find_by_name("erin")
        assert erin is not None and erin.id == 5
    assert client.get("/api/me", headers=bearer(token)).status_code == 401
    assert tracker.marked == []


def test_every_authenticated_request_marks_its_user_once(
    client: FlaskClient, tracker: NotingTracker, token: str
) -> None:
    client.get("/api/me", headers=bearer(token))
    client.get("/api/online/users", headers=bearer(token))
    client.post("/api/tokens", auth=("bob", "demo"))
    assert tracker.marked == [1, 1, 2]


def test_asking_for_the_count_needs_no_credentials_and_marks_nobody_whatever_comes_along(
    client: FlaskClient, tracker: NotingTracker, token: str, hash_checks: list[str]
) -> None:
    basic = {"Authorization": "Basic " + b64encode(b"alice:demo").decode()}
    for headers in ({}, bearer(token), bearer("x"), basic, {"Authorization": "Basic !"}):
        for query in ("", "?minutes=1"):
            assert client.get(f"/api/online{query}", headers=headers).status_code == 200
    assert (tracker.marked, hash_checks) == ([], [])


def test_no_credentials_cost_no_hash(client: FlaskClient, hash_checks: list[str]) -> None:
    assert client.post("/api/tokens").status_code == 401
    assert hash_checks == []


NONE_AT_ALL = ["", " ", "alice:demo", "Basic", "Bearer", "Digest username=alice"]
NO_PASSWORDS = ["", "!!!", "=", "YWxpY2U=", "Og==", "A" * 10_000]  # YWxpY2U= has no colon, and Og== is one
NO_TOKENS = ["", " ", "\t", "x", "..", "a.b.c", "a=b, c=d", "eyJ4IjoxfQ.aaaaaa.bbbbbb", "A" * 10_000]


@pytest.mark.parametrize(
    "credentials",
    [*NONE_AT_ALL, *(f"Basic {each}" for each in NO_PASSWORDS), *(f"Bearer {each}" for each in NO_TOKENS)],
    ids=lambda credentials: repr(credentials[:20]),
)
def test_credentials_that_are_none_are_refused_at_every_door(
    client: FlaskClient, tracker: NotingTracker, credentials: str
) -> None:
    for method, path in (("POST", "/api/tokens"), ("GET", "/api/me"), ("GET", "/api/online/users")):
        answer = client.open(path, method=method, headers={"Authorization": credentials})
        assert (answer.status_code, list(answer.json or ())) == (401, ["error"])
    assert tracker.marked == []


def test_a_password_opens_no_door_for_tokens_and_a_token_none_for_passwords(
    client: FlaskClient, tracker: NotingTracker, token: str
) -> None:
    assert client.get("/api/me", auth=("alice", "demo")).status_code == 401
    assert client.post("/api/tokens", headers=bearer(token)).status_code == 401
    assert tracker.marked == []


def test_the_scheme_may_be_written_in_any_case(client: FlaskClient, token: str) -> None:
    assert client.get("/api/me", headers={"Authorization": f"bearer {token}"}).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/tokens"), ("GET", "/api/me")])
def test_credentials_that_are_not_ascii_are_refused_as_wrong_ones_are(
    client: FlaskClient, tracker: NotingTracker, method: str, path: str, scheme: str
) -> None:
    wrong, malformed = (
        client.open(path, method=method, headers={"Authorization": f"{scheme} {credentials}"})
        for credentials in ("cafe", "caf\xe9")
    )
    assert (malformed.status_code, malformed.data) == (401, wrong.data)
    assert malformed.headers["WWW-Authenticate"] == wrong.headers["WWW-Authenticate"]
    assert tracker.marked == []
