"""Invisible and away: who hides is counted and not listed, and who is idle is listed as away.

Run it:     .venv/bin/python recipes/invisible.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/users, and the same as bob, who now sees both;
            curl -u alice:demo -X PUT http://127.0.0.1:5020/invisible, and both see bob alone, with 2 online;
            curl -u alice:demo http://127.0.0.1:5020/users/bob: as she hides, his time is null.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, abort, request

from common import presence
from recipes.small_app import USERS, auth, new_app, run
from step1_dict.tracker import Clock, DictTracker

AWAY_AFTER = timedelta(minutes=1)
MOST_LISTED = 100


def create_app(clock: Clock | None = None) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app(DictTracker(clock=clock))
    invisible: set[int] = set()  # in your own app, a column of the users' table
    names = {user.id: user.name for user in USERS.values()}

    def listed(window: timedelta | None = None) -> list[int]:
        seen = presence.online_users(window, limit=MOST_LISTED + len(invisible))  # enough, whoever hides
        return [user_id for user_id, _ in seen if user_id not in invisible][:MOST_LISTED]

    @app.get("/users")
    @auth.login_required
    def users() -> dict[str, object]:
        online, here = listed(), set(listed(AWAY_AFTER))
        shown = {names[user_id]: "here" if user_id in here else "away" for user_id in online}
        # one list for everybody, so that a user who hides sees what the others see
        you = shown.get(auth.current_user().name, "offline")
        return {"online": presence.get_online(), "users": shown, "others_see_you": you}

    @app.get("/users/<name>")
    @auth.login_required
    def user(name: str) -> dict[str, object]:
        me, other = auth.current_user(), USERS.get(name) or abort(404, "There is no user of this name.")
        is_hidden = me.id != other.id and not invisible.isdisjoint({me.id, other.id})
        seen = None if is_hidden else presence.last_seen(other)  # null, as for somebody never seen
        return {"name": name, "last_seen": seen and seen.isoformat()}

    @app.route("/invisible", methods=["PUT", "DELETE"])
    @auth.login_required
    def hide() -> tuple[str, int]:
        (invisible.add if request.method == "PUT" else invisible.discard)(auth.current_user().id)
        return "", 204

    return app


if __name__ == "__main__":
    run(create_app())
