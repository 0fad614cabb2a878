"""A test of with_login.py that moves the time: as yours may look."""

from __future__ import annotations

from app import create_app
from online import init_online


def test_a_reader_leaves_after_five_minutes() -> None:
    app, now = create_app(), [1_700_000_000.0]
    init_online(app, clock=lambda: now[0])  # in the place of the one that reads the real time
    ann = app.test_client()
    ann.post("/login", data={"email": "ann", "password": "ann's"})
    ann.get("/shelf")
    assert ann.get("/online").json == {"online": 1}
    now[0] += 300
    assert ann.get("/online").json == {"online": 0}
