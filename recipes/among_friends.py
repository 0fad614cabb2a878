"""Which of my friends are online: one question for all of them, on each of the three stores.

Run it:     .venv/bin/python recipes/among_friends.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/friends: nobody; the same as bob, and then alice sees 2,
            who is bob. FLASK_REDIS_URL or FLASK_SQLALCHEMY_DATABASE_URI names another store than the dict.
"""

import time
from datetime import UTC, datetime
from types import SimpleNamespace

import sqlalchemy as sa
from flask import Flask

from common import presence
from recipes.small_app import Store, auth, new_app, new_store, run
from step1_dict.tracker import Clock, DictTracker
from step3_redis.tracker import RedisTracker

FRIENDS = {1: [2, 3], 2: [1], 3: [1]}  # your own table: with a list from the request, anybody could spy
AT_ONCE = 500  # ids in one question, so that no statement is too long for its database


def online_among(ids: list[int], store: Store, now: float) -> set[int]:
    """Return those of the ids whose users were seen within the window. now: seconds since the epoch."""
    tracker = store.tracker
    if isinstance(tracker, DictTracker):  # it keeps users for the window: whoever has a last_seen is online
        return {each for each in ids if tracker.last_seen(SimpleNamespace(id=each))}
    if isinstance(tracker, RedisTracker):
        scores = zip(ids, store.redis.zmscore(tracker.key, ids), strict=True)  # None: not seen
        return {each for each, score in scores if score and score > tracker.since(tracker.window)}
    seen = store.users.c.last_seen > datetime.fromtimestamp(now, UTC) - tracker.window
    with store.reading.connect() as connection:
        return set(connection.scalars(sa.select(store.users.c.id).where(store.users.c.id.in_(ids), seen)))


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app()
    store = new_store(app, clock)
    presence.init_app(app, store.tracker)

    @app.get("/friends")
    @auth.login_required
    def friends() -> dict[str, object]:
        mine, online = FRIENDS[auth.current_user().id], set[int]()
        if presence.online_count() is None:  # the store fails, or it takes no marks
            raise presence.PresenceUnknown
        try:
            for start in range(0, len(mine), AT_ONCE):
                online |= online_among(mine[start : start + AT_ONCE], store, clock())
        except (*store.tracker.outages, *store.tracker.overloads) as error:
            raise presence.PresenceUnknown from error
        return {"friends": len(mine), "online": sorted(online)}

    return app


if __name__ == "__main__":
    run(create_app())
