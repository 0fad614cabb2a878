"""Who logs out everywhere is offline at once, and no older session brings that user back, on any device.

Run it:     .venv/bin/python recipes/logout_everywhere.py
Look at it: curl -c phone -u alice:demo -X POST http://127.0.0.1:5020/login, and the same with -c laptop;
            curl -b phone -X POST http://127.0.0.1:5020/logout-everywhere, then http://127.0.0.1:5020/online
            says 0; curl -b laptop http://127.0.0.1:5020/me is refused, and it still says 0.

A session carries its user's stamp. Once the server has thrown that away, all sessions with it are refused.
"""

from __future__ import annotations

import secrets
from types import SimpleNamespace

from flask import Flask, abort, session
from redis import RedisError

from common import presence
from recipes.small_app import USERS, auth, new_app, redis_client, run

STAMPS = "session-stamps"  # user id -> stamp: here a hash in Redis; in your app, a column of the users' table


def create_app(tracker: presence.OnlineTracker | None = None) -> Flask:
    """Make the app; FLASK_REDIS_URL names a real Redis, FLASK_SECRET_KEY a key that outlives a restart."""
    app = new_app(tracker)
    store = redis_client(app.config.get("REDIS_URL"))
    app.register_error_handler(RedisError, lambda _: ("Sessions cannot be checked: try later.", 503))

    def signed_in_user() -> SimpleNamespace:
        user = USERS.get(session.get("name", ""))
        if user is None or store.hget(STAMPS, user.id) != session.get("stamp", "").encode():
            abort(401)
        presence.record(user)
        return user

    app.add_url_rule("/me", "me", lambda: {"name": signed_in_user().name})

    @app.post("/login")
    @auth.login_required
    def login() -> tuple[str, int]:
        user = auth.current_user()
        new = secrets.token_hex()  # unless the user has a stamp already, from another device
        _, stamp = store.pipeline().hsetnx(STAMPS, user.id, new).hget(STAMPS, user.id).execute()
        session.update(name=user.name, stamp=stamp.decode())
        return "", 204

    @app.post("/logout-everywhere")
    def logout_everywhere() -> tuple[str, int]:
        user = signed_in_user()  # marks, as every request does
        store.hdel(STAMPS, user.id)  # before mark_offline(): else a request between the two marks again
        presence.mark_offline(user)
        return "", 204

    return app


if __name__ == "__main__":
    run(create_app())
