"""new_app(): what the Flask apps of all three steps have in common.

GET /api/online is no part of it: that one is the lesson, and stands in each step's app.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from common.accounts import Account, create_user, init_db, names_of
from common.auth import basic_auth, new_token, token_auth
from common.presence import PresenceUnknown, answering_tracker, presence
from common.settings import LARGEST_WINDOW_MINUTES, MINUTE, SettingError, load_settings
from demo.page import page

api = Blueprint("api", __name__)


def new_app(
    import_name: str, db: SQLAlchemy, user_model: type[Account], config: Mapping[str, Any] | None
) -> Flask:
    """Return an app with its settings, its users and error answers; it opens no connection.

    The caller adds app.extensions["presence"]. SettingError: a setting that cannot be used.
    """
    app = Flask(import_name, instance_relative_config=True)
    app.url_map.merge_slashes = False  # /api//me is a 404 in JSON, and no redirect in HTML
    load_settings(app, config)
    try:
        db.init_app(app)
    except (ArgumentError, ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise SettingError(
            f"FLASK_SQLALCHEMY_DATABASE_URI, with its ENGINE_OPTIONS, names no usable database: {error}"
        ) from error
    app.extensions["user_model"] = user_model
    app.json.sort_keys = False  # type: ignore[attr-defined]  # an answer reads in the order it is written
    app.cli.add_command(init_db)
    app.cli.add_command(create_user)
    app.register_blueprint(api)
    app.register_blueprint(page)
    return app


def window_asked(view: Callable[[timedelta], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """Call the view with the window that ?minutes=M asks for, or with the default one.

    Stands above login_required, so that a request refused for its query (400) marks nobody, and 400 comes
    before 401.
    """

    @wraps(view)
    def with_window() -> ResponseReturnValue:
        asked = request.args.getlist("minutes")
        if len(asked) > 1 or not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) for text in asked):
            raise BadRequest("minutes is a decimal number such as 5 or 0.1, given once.")
        # a timedelta holds no more
        window = min(float(asked[0]), LARGEST_WINDOW_MINUTES) * MINUTE if asked else None
        try:
            window = presence().tracker.check_window(window)
        except ValueError as error:
            raise BadRequest(f"minutes cannot be answered: {error}.") from error
        return view(window)

    return with_window


def plain(number: float) -> float:
    """Return 5 for 5.0, so that JSON shows no needless fraction."""
    return int(number) if number.is_integer() else number


@api.before_app_request
def drop_malformed_credentials() -> None:
    """Treat credentials that are not ASCII as none: Werkzeug 3.1 fails on them, and a 401 says enough."""
    if not request.headers.get("Authorization", "").isascii():
        del request.environ["HTTP_AUTHORIZATION"]


@api.post("/api/tokens")
@basic_auth.login_required
def post_token() -> dict[str, Any]:
    """Trade a name and a password for a token."""
    return {
        "token": new_token(basic_auth.current_user()),
        "token_type": "Bearer",
        "expires_in": current_app.config["TOKEN_MAX_AGE_SECONDS"],
    }


@api.get("/api/me")
@token_auth.login_required
def get_me() -> dict[str, Any]:
    """Say who asks, and when that user was last seen: mostly just now; null while that is unknown."""
    account: Account = token_auth.current_user()
    try:
        with answering_tracker() as tracker:
            seen = tracker.last_seen(account)
    except PresenceUnknown:
        seen = None
    return {"id": account.id, "name": account.name, "last_seen": seen.isoformat() if seen else None}


@api.get("/api/online/users")
@window_asked
@token_auth.login_required
def get_online_users(window: timedelta) -> dict[str, Any]:
    """List the users seen within the window, newest first; at most 100, less those deleted meanwhile."""
    with answering_tracker() as tracker:
        online = tracker.online_users(window)
    names = names_of([user_id for user_id, _ in online])
    return {
        "users": [
            {"id": user_id, "name": names[user_id], "last_seen": seen.isoformat()}
            for user_id, seen in online
            if user_id in names
        ]
    }


@api.app_errorhandler(HTTPException)
def answer_with_sentence(error: HTTPException) -> AnyResponse:
    """Answer a refusal under /api/ with one JSON sentence, others in HTML; headers such as Allow stay."""
    response = AnyResponse.force_type(error.get_response())
    if request.path.startswith("/api/"):
        sentence = error.description
        if error.code == 404:
            sentence = "There is no such address: the README lists those there are."
        elif error.code == 500:
            sentence = "The server failed: its log has the reason."
        elif isinstance(error, MethodNotAllowed):
            usual = sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"})
            sentence = f"{request.method} is not for this address: use {' or '.join(usual)}."
        response.data = jsonify(error=sentence).data
        response.content_type = "application/json"
    return response


@api.app_errorhandler(DatabaseError)
@api.app_errorhandler(InterfaceError)
@api.app_errorhandler(PoolTimeoutError)
def answer_without_users(error: Exception) -> ResponseReturnValue:
    """Without the database of users nobody can be authenticated: 503, and a line in the log."""
    current_app.logger.error("The users' database fails: %s", getattr(error, "orig", error))
    sentence = "The users' database fails: the server's log has the reason, and init-db says what is missing."
    return {"error": sentence}, 503


@api.after_app_request
def forbid_caching(response: Response) -> Response:
    """Let nobody keep a token, or a count that is out of date."""
    response.headers["Cache-Control"] = "no-store"
    return response
