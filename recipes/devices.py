"""Somebody with a phone and a laptop is one user online with two devices, and sees which ones.

Run it:     .venv/bin/python recipes/devices.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -u alice:demo -H 'X-Device: phone' http://127.0.0.1:5020/devices, then laptop: two.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import Any

from cachetools import LRUCache, cached
from flask import Flask, abort, request
from flask_httpauth import HTTPBasicAuth

from common import presence
from recipes.small_app import find_user, new_app, redis_client, run
from step3_redis.tracker import RedisTracker

MOST = 5  # devices of one user, so that nobody fills the store with names that they make up


def create_app() -> Flask:
    """Make the app; FLASK_REDIS_URL names a real Redis."""
    door = HTTPBasicAuth()
    app = new_app(door=door)
    client = redis_client(app.config.get("REDIS_URL"))
    guard = presence.CircuitBreaker(RedisTracker.outages, (), app.logger.warning)

    @cached(LRUCache(maxsize=10_000), lock=Lock())  # kept, since a new tracker tidies with its first mark
    def devices_of(user_id: int) -> RedisTracker:
        return RedisTracker(client, prefix=f"online:devices-of-{user_id}", parse_id=str)

    def mark(devices: RedisTracker, name: str) -> None:
        if len({name, *(other for other, _ in devices.online_users())}) <= MOST:
            devices.mark_online(presence.with_id(name))

    @door.verify_password
    def let_in(name: str, password: str) -> Any:
        user, device = find_user(name, password), request.headers.get("X-Device", "unnamed")
        if not (device.isascii() and device.isalnum() and len(device) <= 20):
            abort(400, "X-Device is 1 to 20 letters and digits: choose a name like phone or laptop2.")
        if user is not None:
            presence.record(user)
            with suppress(presence.PresenceUnknown):
                guard.call(mark, devices_of(user.id), device)
        return user

    def devices() -> dict[str, Any]:
        mine = guard.call(devices_of(door.current_user().id).online_users)
        return {"devices": [{"name": name, "last_seen": seen.isoformat()} for name, seen in mine]}

    app.add_url_rule("/devices", "devices", door.login_required(devices))
    return app


if __name__ == "__main__":
    run(create_app())
