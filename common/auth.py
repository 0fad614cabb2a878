"""Every request with credentials passes one of these two callbacks, and there its user is marked.

Flask-HTTPAuth calls verify_password() for HTTP Basic, and verify_token() for a Bearer token. Together we call
them the door.
"""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, current_app, request
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth
from itsdangerous import BadSignature, URLSafeTimedSerializer

from common.accounts import Account, find_by_id, find_by_name, password_matches
from common.presence import record

basic_auth = HTTPBasicAuth()
token_auth = HTTPTokenAuth(scheme="Bearer")
TOKEN_SALT = "api-token"  # noqa: S105  # something else that was signed with the same key is not accepted as a token


def init_app(app: Flask) -> None:
    """Let the app refuse malformed credentials like wrong ones."""
    app.before_request(drop_malformed_credentials)


def drop_malformed_credentials() -> None:
    """Treat credentials that are not ASCII as none, since Werkzeug 3.1 fails on them: the answer is a 401."""
    if not request.headers.get("Authorization", "").isascii():
        del request.environ["HTTP_AUTHORIZATION"]


@basic_auth.verify_password
def verify_password(name: str, password: str) -> Account | None:
    """Admit the user with this name and password. Slow by design: scrypt makes guessing expensive."""
    if not name:  # "" stands for no credentials, and for malformed ones
        return None
    account = find_by_name(name)
    return admit(account) if password_matches(account, password) else None  # an unknown name costs a hash too


@token_auth.verify_token
def verify_token(token: str) -> Account | None:
    """Admit the user whom a token names: signed by us, young enough, the password unchanged since."""
    try:
        claim, signed_at = _serializer().loads(token, return_timestamp=True)
    except BadSignature:  # tampered with, or signed by another key
        return None
    # Not loads(max_age=...), which refuses an age below zero, too: that of a host whose clock is ahead.
    if time.time() - signed_at.timestamp() > current_app.config["TOKEN_MAX_AGE_SECONDS"]:
        return None
    match claim:
        case [int(account_id), str(stamp)]:
            account = find_by_id(account_id)
            return admit(account) if account and account.password_stamp == stamp else None
    return None


def admit(account: Account | None) -> Account | None:
    """Let an active user in, and record that the user was seen; return None for anyone else."""
    if account is None or not account.active:
        return None
    record(account)
    return account


def new_token(account: Account) -> str:
    """Return a token that admits the account for TOKEN_MAX_AGE_SECONDS."""
    return _serializer().dumps([account.id, account.password_stamp])


def _serializer() -> URLSafeTimedSerializer:
    # The last key signs. The earlier ones still check: a key can be replaced without signing anyone out.
    keys = [*(current_app.config["SECRET_KEY_FALLBACKS"] or ()), current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(keys, salt=TOKEN_SALT)


@basic_auth.error_handler
def refuse_password(status: int) -> tuple[dict[str, Any], int]:
    """Say the same of an unknown name, a wrong password and an inactive account."""
    return {"error": "Wrong name or password, or an inactive account: send HTTP Basic credentials."}, status


@token_auth.error_handler
def refuse_token(status: int) -> tuple[dict[str, Any], int]:
    """Say the same of a missing, a wrong and an expired token, and of one from before a new password."""
    return {"error": "No valid token: ask for one with POST /api/tokens and send it as Bearer."}, status
