"""Flask-SocketIO: an open socket keeps its user online; soon after it has closed the user is gone.

Run it:     .venv/bin/python recipes/with_socketio.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: U="http://127.0.0.1:5020/socket.io/?EIO=4&transport=polling"; curl -u alice:demo "$U" tells a sid,
            and curl -d 40 "$U&sid=THE-SID" opens the socket: /online says 1. curl answers no ping, so within
            about a minute the server closes it, as for a phone in a tunnel; 30 seconds later /online says 0.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, request
from flask_login import LoginManager, current_user
from flask_socketio import SocketIO

from common import presence
from recipes.small_app import auth, new_app, run

BEAT_SECONDS, TAIL = 25, timedelta(seconds=30)  # in the tail, a socket open in another process has its beat


def create_app() -> Flask:
    """Make the app and begin its beats; they are a thread, so it has to be made in each process."""
    app = new_app()
    LoginManager(app).request_loader(lambda _: auth.authenticate(auth.get_auth(), None) or None)  # it marks
    socketio = SocketIO(app, async_mode="threading")
    user_of = app.extensions["user_of_socket"] = {}  # the sid of an open socket -> its user's id

    @socketio.on("connect")
    def connect() -> bool:
        if hasattr(current_user, "id"):
            user_of[request.sid] = current_user.id  # type: ignore[attr-defined]
        return request.sid in user_of  # type: ignore[attr-defined]

    @socketio.on("disconnect")
    def disconnect(_reason: str) -> None:
        # Not current_user: each event loads it anew, and the loader would mark the user who has just left.
        user_id = user_of.pop(request.sid, None)  # type: ignore[attr-defined]
        if user_id not in {None, *user_of.values()}:  # or another tab of the same user is open
            presence.mark_offline(user_id, TAIL)

    socketio.start_background_task(keep_marking, app)
    return app


def keep_marking(app: Flask) -> None:
    """Mark the users of the open sockets in every beat, since they may be silent for long."""
    while True:
        app.extensions["socketio"].sleep(BEAT_SECONDS)
        with app.app_context():
            for user_id in set(app.extensions["user_of_socket"].values()):
                presence.record(user_id)


if __name__ == "__main__":
    run(create_app())
