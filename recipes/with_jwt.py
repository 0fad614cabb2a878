"""Flask-JWT-Extended: the user_lookup_loader marks, since it comes after all checks of the token.

Run it:     .venv/bin/python recipes/with_jwt.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -d name=alice -d password=demo http://127.0.0.1:5020/login gives a token; /online says 0.
            curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:5020/me, and it says 1; the same with
            -X POST and /logout, and it says 0. From now on /me refuses the token, and marks nobody.
"""

from __future__ import annotations

import secrets

from flask import Flask, abort, request
from flask_jwt_extended import JWTManager, create_access_token, current_user, get_jwt, jwt_required

from common import presence
from recipes.small_app import USERS, find_user, new_app, run
from step1_dict.tracker import DictTracker


def create_app() -> Flask:
    """Make the app; its setting LOCKED_OUT lists the names of users who may not come in."""
    app = new_app(DictTracker())
    app.config.setdefault("JWT_SECRET_KEY", secrets.token_hex())  # yours is one for all workers
    jwt = JWTManager(app)
    revoked: set[str] = set()  # yours is in a table, or in Redis, until the tokens expire
    jwt.token_in_blocklist_loader(lambda _header, claims: claims["jti"] in revoked)

    @jwt.user_lookup_loader
    def load_user(_header: object, claims: dict[str, str]) -> object:
        user = USERS.get(claims["sub"])
        if user is None or user.name in app.config.get("LOCKED_OUT", ()):  # this the token does not know
            return None
        presence.record(user)
        return user

    @app.post("/login")
    def login() -> dict[str, str]:
        if find_user(request.form["name"], request.form["password"]) is None:
            abort(401)
        return {"token": create_access_token(request.form["name"])}

    @app.get("/me")
    @jwt_required()
    def me() -> dict[str, str]:
        return {"me": current_user.name}

    @app.post("/logout")
    @jwt_required()
    def logout() -> tuple[str, int]:
        revoked.add(get_jwt()["jti"])
        presence.mark_offline(current_user)  # the loader has marked this request, too
        return "", 204

    return app


if __name__ == "__main__":
    run(create_app())
