"""recipes/logout.py: who signs out is offline at once."""

from __future__ import annotations

from collections.abc import Callable

from flask.typing import ResponseReturnValue

from common import presence
from recipes.logout import create_app
from recipes.small_app import USERS, auth

ALICE, BOB = ("alice", "demo"), ("bob", "demo")


def test_who_signs_out_is_offline_at_once_although_the_request_itself_was_marked() -> None:
    client = create_app().test_client()
    assert client.get("/hello", auth=ALICE).json == {"hello": "alice"}
    client.get("/hello", auth=BOB)
    assert client.get("/online").json == {"online": 2}
    assert client.post("/logout", auth=ALICE).status_code == 204
    assert client.get("/online").json == {"online": 1}
    # whoever signs in again is here again
    client.get("/hello", auth=ALICE)
    assert client.get("/online").json == {"online": 2}


def test_nobody_signs_out_for_somebody_else() -> None:
    client = create_app().test_client()
    client.get("/hello", auth=ALICE)
    assert client.post("/logout").status_code == 401
    assert client.post("/logout", auth=("alice", "guessed")).status_code == 401
    assert client.get("/online").json == {"online": 1}


def test_before_the_door_it_would_come_too_early() -> None:
    app = create_app()

    @app.post("/too-early")
    def too_early() -> ResponseReturnValue:
        presence.mark_offline(USERS["alice"])
        view: Callable[[], ResponseReturnValue] = auth.login_required(lambda: ("", 204))
        return view()

    client = app.test_client()
    client.get("/hello", auth=ALICE)
    assert client.post("/too-early", auth=ALICE).status_code == 204
    assert client.get("/online").json == {"online": 1}  # the door has marked alice after it
