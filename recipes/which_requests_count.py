"""One rule in the door says which requests mark a user: those behind which somebody sits.

Run it:     .venv/bin/python recipes/which_requests_count.py
Look at it: curl -u bob:demo http://127.0.0.1:5020/news is a poll: http://127.0.0.1:5020/online says 0;
            curl -u alice:demo -H 'X-Act-As: bob' http://127.0.0.1:5020/hello marks alice: it says 1;
            curl -H 'X-API-Key: demo-key' http://127.0.0.1:5020/import: /clients says 1, and /online still 1.
"""

from __future__ import annotations

import re
from hashlib import sha256

from flask import Flask, current_app, request
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth

from common import presence
from recipes.small_app import USERS, find_user, new_app, redis_client, run
from step3_redis.tracker import RedisTracker

POLLS = {"news"}  # endpoints that a page calls by itself, whether anybody looks at it or not
CLIENTS = {sha256(b"demo-key").hexdigest(): "importer"}  # hashes, so that nobody reads the keys here
BOT = re.compile("bot|crawl|spider|preview|monitor", re.IGNORECASE)  # those who say what they are
people, clients = HTTPBasicAuth(), HTTPTokenAuth(header="X-API-Key")


@people.verify_password
def let_in(name: str, password: str) -> object:
    """Return the user whose data the views show, and mark the one who sits there."""
    caller, shown = find_user(name, password), USERS.get(request.headers.get("X-Act-As", name))
    if caller is None or shown is None or (shown is not caller and not caller.is_admin):
        return None
    is_prefetch = "prefetch" in request.headers.get("Sec-Purpose", "")  # the browser only gets ready
    if not (is_prefetch or request.endpoint in POLLS or BOT.search(request.user_agent.string)):
        presence.record(caller)
    return shown


@clients.verify_token
def let_in_client(key: str) -> str | None:
    """Return the program with this key, and mark it among the programs."""
    if client := CLIENTS.get(sha256(key.encode()).hexdigest()):
        current_app.extensions["clients"].record(client)
    return client


def create_app() -> Flask:
    """Make the app."""
    app = new_app(door=people)
    tracker = RedisTracker(redis_client(app.config.get("REDIS_URL")), prefix="online:clients", parse_id=str)
    programs = app.extensions["clients"] = presence.Presence(tracker, logger=app.logger)
    app.add_url_rule("/health", "health", lambda: {"ok": True})  # needs no door, so it marks nobody
    app.add_url_rule("/news", "news", people.login_required(lambda: {"news": []}))
    app.add_url_rule("/import", "import", clients.login_required(lambda: {"client": clients.current_user()}))
    app.add_url_rule("/clients", "clients", lambda: {"online": programs.get_online()})
    return app


if __name__ == "__main__":
    run(create_app())
