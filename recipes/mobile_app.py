"""A mobile app or a mini program: a heartbeat while it is shown, and a token that is renewed after a 401.

Run it:     .venv/bin/python recipes/mobile_app.py
Look at it: curl -u alice:demo -X POST http://127.0.0.1:5020/tokens gives a token, and a renewal for the next.
            curl -H "Authorization: Bearer TOKEN" -X POST http://127.0.0.1:5020/here is the heartbeat. In ten
            minutes it gets a 401; the first call, with the renewal as Bearer, then gives two new ones.
"""

from __future__ import annotations

import time

from flask import Flask
from flask_httpauth import HTTPTokenAuth, MultiAuth
from itsdangerous import BadSignature, URLSafeSerializer

from common import presence
from recipes.small_app import USERS, auth, new_app, run
from step1_dict.tracker import Clock, DictTracker


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app; its setting LOCKED_OUT lists who may not come in. clock: seconds since the epoch."""
    app = new_app(DictTracker(clock=clock))
    lasts = {"token": 600, "renewal": 30 * 86_400}  # seconds
    signed = {kind: URLSafeSerializer(app.config["SECRET_KEY"], salt=kind) for kind in lasts}
    access, renewing = HTTPTokenAuth(), HTTPTokenAuth()
    signing_in = MultiAuth(auth, renewing)  # by a password, or by a renewal

    def user_of(kind: str, token: str) -> object:
        try:
            name, until = signed[kind].loads(token)
        except BadSignature:
            return None
        return USERS.get(name) if clock() < until and name not in app.config.get("LOCKED_OUT", ()) else None

    @access.verify_token
    def admit(token: str) -> object:
        if (user := user_of("token", token)) is not None:
            presence.record(user)
        return user

    renewing.verify_token(lambda token: user_of("renewal", token))  # no mark: apps renew unseen

    @app.post("/tokens")
    @signing_in.login_required
    def tokens() -> dict[str, str]:
        name = signing_in.current_user().name
        return {kind: signed[kind].dumps([name, clock() + lasts[kind]]) for kind in lasts}

    @app.post("/here")
    @access.login_required
    def here() -> tuple[str, int]:
        return "", 204

    return app


if __name__ == "__main__":
    run(create_app())
