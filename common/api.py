"""The API, the same in every step: new_app() makes an app that has it, and its routes stand below."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import DatabaseError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from common import accounts, auth, commands, presence
from common.accounts import Account, names_by_id
from common.auth import basic_auth, new_token, token_auth
from common.presence import PresenceUnknown, current_presence
from common.settings import LARGEST_WINDOW_MINUTES, MINUTE, load_settings

api = Blueprint("api", __name__)


def new_app(
    import_name: str,
    db: SQLAlchemy,
    user_model: type[Account],
    config: Mapping[str, Any] | None,
    **defaults: Any,
) -> Flask:
    """Return an app with its settings, its users and the API; it opens no connection.

    The caller gives it a tracker with presence.init_app(). SystemExit: a setting that cannot be used.
    defaults: settings that start from another value in this step than in others.
    """
    app = Flask(import_name, instance_relative_config=True)
    app.url_map.merge_slashes = False  # /api//me is a 404 in JSON, and no redirect in HTML
    app.json.sort_keys = False  # type: ignore[attr-defined]  # an answer reads in the order it is written
    load_settings(app, config, **defaults)
    accounts.init_app(app, db, user_model)
    auth.init_app(app)
    commands.init_app(app)
    app.register_blueprint(api)
    return app


def with_window_from_query(
    view: Callable[[timedelta], ResponseReturnValue],
) -> Callable[[], ResponseReturnValue]:
    """Call the view with the window that ?minutes=M asks for, or with the default one.

    It stands above login_required, so that a query which cannot be answered is refused (400) before the
    credentials are looked at, and marks nobody.
    """

    @wraps(view)
    def with_window() -> ResponseReturnValue:
        window = None
        if "minutes" in request.args:
            window = minutes_of(request.args.getlist("minutes"))
        try:
            window = current_presence().tracker.check_window(window)
        except ValueError as error:
            raise BadRequest(f"minutes cannot be answered: {error}.") from error
        return view(window)

    return with_window


def minutes_of(given: list[str]) -> timedelta:
    """Return the one number of minutes that was given. BadRequest: it is no decimal, or not the only one."""
    if len(given) != 1 or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", given[0]):
        raise BadRequest("minutes is a decimal number such as 5 or 0.1, given once.")
    return min(float(given[0]), LARGEST_WINDOW_MINUTES) * MINUTE  # a timedelta holds no more


def whole_if_possible(number: float) -> float:
    """Return 5 for 5.0, so that JSON shows no needless fraction."""
    return int(number) if number.is_integer() else number


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
        seen = presence.last_seen(account)
    except PresenceUnknown:
        seen = None
    return {"id": account.id, "name": account.name, "last_seen": seen.isoformat() if seen else None}


@api.get("/api/online")
@with_window_from_query
def get_online(window: timedelta) -> dict[str, float]:
    """Count the users seen within the window. Asking needs no credentials and marks nobody."""
    return {
        "online": presence.get_online(window),
        "minutes": whole_if_possible(window / MINUTE),
        "resolution_seconds": whole_if_possible(current_presence().tracker.resolution.total_seconds()),
    }


@api.get("/api/online/users")
@with_window_from_query
@token_auth.login_required
def get_online_users(window: timedelta) -> dict[str, Any]:
    """List the users seen within the window, newest first; at most 100, less those deleted meanwhile."""
    online = presence.online_users(window)
    names = names_by_id([user_id for user_id, _ in online])
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
