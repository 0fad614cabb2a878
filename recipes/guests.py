"""Guests, who have no account, are counted apart from the users, by a signed cookie with a random id.

Run it:     .venv/bin/python recipes/guests.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: open http://127.0.0.1:5020/ and reload it, then http://127.0.0.1:5020/guests says 1. It still does
            after curl http://127.0.0.1:5020/, which keeps no cookie, however often it comes.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress

from flask import Flask, Response, request
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from itsdangerous import URLSafeSerializer

from common.presence import OnlineTracker, Presence
from recipes.small_app import auth, new_app, redis_client, run
from step3_redis.tracker import RedisTracker

COOKIE = "__Host-guest"  # a browser takes a name like this over HTTPS only, and from no other host
BOT = re.compile("bot|crawl|spider|preview", re.IGNORECASE)
MOST = 100_000  # guests at once: however many cookies somebody collects, the store does not fill up


def create_app(tracker: OnlineTracker | None = None) -> Flask:
    """Make the app; FLASK_REDIS_URL names a real Redis, FLASK_SECRET_KEY the key of all workers."""
    app = new_app(home=False)
    client = redis_client(app.config.get("REDIS_URL"))
    guests = Presence(tracker or RedisTracker(client, prefix="online:guests", parse_id=str))
    signer = URLSafeSerializer(app.config["SECRET_KEY"], salt="guest")
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")  # each process by itself

    @limiter.limit("20/hour")  # for each address
    def new_cookie() -> str:
        return signer.dumps(secrets.token_urlsafe(16))

    @app.get("/")
    @auth.login_required(optional=True)
    def page() -> Response:
        response = Response("Welcome.", headers={"Cache-Control": "no-store"})  # no cache keeps the cookie
        is_ours, guest = signer.loads_unsafe(request.cookies.get(COOKIE, ""))
        if is_ours and auth.current_user():
            guests.mark_offline(guest)  # a user by now
        elif is_ours and (guests.online_count() or 0) < MOST:
            guests.record(guest)
        elif not is_ours and not BOT.search(request.user_agent.string):
            with suppress(RateLimitExceeded):
                response.set_cookie(COOKIE, new_cookie(), secure=True, httponly=True, samesite="Lax")
        return response

    app.add_url_rule("/guests", "guests", lambda: {"guests": guests.get_online()})
    return app


if __name__ == "__main__":
    run(create_app())
