"""Exercise 1.1: whoever logs out is forgotten at once.

Delete the line that skips it, watch it fail, and build what it asks for.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.helpers.apps import bearer, token_of
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone


def ids_of(tracker: Any) -> list[Any]:
    return [user_id for user_id, _ in tracker.online_users(limit=10_000)]


@pytest.mark.skip(reason="exercise 1.1: delete this line, then write mark_offline() and POST /api/logout")
def test_exercise_1_1_logout_forgets_the_user_at_once(tracker: Any, clock: FakeClock, app: Flask) -> None:
    for user in (ALICE, BOB, CAROL):
        tracker.mark_online(user)
        clock.advance(minutes=1)
    tracker.mark_offline(BOB)
    assert tracker.get_online() == 2
    assert ids_of(tracker) == [CAROL.id, ALICE.id]
    assert tracker.last_seen(BOB) is None
    for user in (BOB, Someone(4711)):  # gone already, or never here
        tracker.mark_offline(user)
    assert tracker.get_online() == 2

    # the others leave when they would have, and who comes again is back
    clock.advance(minutes=2, microseconds=-1)
    assert ids_of(tracker) == [CAROL.id, ALICE.id]
    clock.advance(microseconds=1)
    assert ids_of(tracker) == [CAROL.id]
    tracker.mark_online(BOB)
    assert ids_of(tracker) == [BOB.id, CAROL.id]
    tracker.mark_offline(CAROL)
    tracker.mark_offline(BOB)
    assert tracker.get_online() == 0

    # the memory of a crowd that logs out is given back as that of a crowd that leaves, though ten stay
    crowd = [Someone(user_id) for user_id in range(1000)]
    for user in crowd:
        tracker.mark_online(user)
    size = sys.getsizeof(tracker._last_seen)
    for user in crowd[10:]:
        tracker.mark_offline(user)
    clock.advance(minutes=4)
    for user in crowd[:10]:
        tracker.mark_online(user)
    clock.advance(minutes=1)
    assert tracker.get_online() == 10
    assert sys.getsizeof(tracker._last_seen) < size / 10

    # over HTTP: the door has just marked whoever logs out
    token = token_of(app, "alice")
    token_of(app, "bob")
    client = app.test_client()
    assert client.post("/api/logout").status_code == 401
    assert online(client) == 2
    answer = client.post("/api/logout", headers=bearer(token))
    assert (answer.status_code, answer.data) == (204, b"")
    assert online(client) == 1
    # the token is still good, and whoever shows it again is here again
    assert client.get("/api/me", headers=bearer(token)).status_code == 200
    assert online(client) == 2


def online(client: FlaskClient) -> Any:
    return client.get("/api/online").json["online"]  # type: ignore[index]
