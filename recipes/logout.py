"""Who signs out is offline at once, and not after five silent minutes.

Run it:     .venv/bin/python recipes/logout.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, then http://127.0.0.1:5020/online says 1;
            curl -u alice:demo -X POST http://127.0.0.1:5020/logout, then it says 0.

The request that signs out passes the door like any other, and is marked there. So mark_offline() stands in
the view, which comes after the door.
"""

from __future__ import annotations

from flask import Flask

from common import presence
from recipes.small_app import auth, new_app, run
from step1_dict.tracker import DictTracker


def create_app() -> Flask:
    """Make the app."""
    app = new_app(DictTracker())

    @app.post("/logout")
    @auth.login_required
    def logout() -> tuple[str, int]:
        # your own sign-out comes first: whoever is still let in by the old session is marked again
        presence.mark_offline(auth.current_user())
        return "", 204

    return app


if __name__ == "__main__":
    run(create_app())
