"""The article's callbacks: one test for each of their defects; the cures are tested in test_auth.py."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import UserMixin
from werkzeug.security import check_password_hash, generate_password_hash

from article.auth_callbacks import ArticleCallbacks
from tests.helpers.apps import QUICK_HASH, bearer

ALICE = ("alice", "demo")
TOKEN = bearer("alice's")


class Member(UserMixin):  # type: ignore[misc]
    """A user who has what the callbacks ask for, and counts how often a password is checked."""

    id = 1
    hashed = generate_password_hash("demo", QUICK_HASH)
    query = SimpleNamespace(
        filter_by=lambda name: SimpleNamespace(first=lambda: Member() if name == "alice" else None)
    )
    checks = 0

    def check_password(self, password: str) -> bool:
        Member.checks += 1
        return check_password_hash(self.hashed, password)

    def isActive(self) -> bool:  # noqa: N802  # the article's name
        return True

    @classmethod
    def verify_auth_token(cls, token: str, app: Flask) -> Member | None:
        return cls() if token == "alice's" else None


def client_of(mark_online: Callable[[Any], None] = lambda user: None) -> FlaskClient:
    """Return a client of an app with these callbacks, whose views tell what current_user() is."""
    app = Flask("article")
    callbacks = ArticleCallbacks(Member, mark_online)

    @app.get("/by-password")
    @callbacks.basic_auth.login_required
    def by_password() -> dict[str, str]:
        return {"user": repr(callbacks.basic_auth.current_user())}

    @app.get("/by-token")
    @callbacks.token_auth.login_required
    def by_token() -> dict[str, str]:
        return {"user": repr(callbacks.token_auth.current_user())}

    return app.test_client()


def checks_of(name: str, password: str, requests: int = 1) -> int:
    """Return how often a password was checked for these requests."""
    before, client = Member.checks, client_of()
    for _ in range(requests):
        client.get("/by-password", auth=(name, password))
    return Member.checks - before


def test_auth_1_a_store_that_fails_fails_every_request() -> None:
    def mark_online(user: Any) -> None:
        raise ConnectionError("the store does not answer")

    client = client_of(mark_online)
    assert client.get("/by-password", auth=ALICE).status_code == 500
    assert client.get("/by-token", headers=TOKEN).status_code == 500


def test_auth_2_only_a_known_name_costs_a_hash() -> None:
    assert checks_of("nobody", "wrong") == 0
    assert checks_of("alice", "wrong") == 1


def test_auth_3_the_current_user_is_a_bare_name_with_a_password_and_none_with_a_token() -> None:
    client = client_of()
    assert client.get("/by-password", auth=ALICE).json == {"user": "'alice'"}
    assert client.get("/by-token", headers=TOKEN).json == {"user": "None"}


def test_auth_4_a_user_of_flask_login_has_no_such_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Member, "isActive")
    client = client_of()
    client.application.testing = True  # so that the error itself comes through
    with pytest.raises(AttributeError, match="isActive"):
        client.get("/by-password", auth=ALICE)


def test_auth_5_a_method_that_is_not_shown_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Member, "verify_auth_token")
    client = client_of()
    client.application.testing = True
    with pytest.raises(AttributeError, match="verify_auth_token"):
        client.get("/by-token", headers=TOKEN)


def test_auth_6_a_password_is_hashed_with_every_request() -> None:
    assert checks_of(*ALICE, requests=3) == 3
