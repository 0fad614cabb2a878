"""recipes/invisible.py: who hides is counted and not listed; who is idle is away."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from recipes import invisible
from tests.helpers.clock import FakeClock

ALICE, BOB, CAROL = (("alice", "demo"), ("bob", "demo"), ("carol", "demo"))


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    return invisible.create_app(clock).test_client()


def test_who_hides_is_counted_and_not_listed_and_sees_what_the_others_see(client: FlaskClient) -> None:
    client.get("/hello", auth=BOB)
    assert client.put("/invisible", auth=ALICE).status_code == 204
    list_for_all = {"online": 2, "users": {"bob": "here"}}
    assert client.get("/users", auth=ALICE).json == {**list_for_all, "others_see_you": "offline"}
    assert client.get("/users", auth=BOB).json == {**list_for_all, "others_see_you": "here"}
    assert client.delete("/invisible", auth=ALICE).status_code == 204
    assert client.get("/users", auth=BOB).json == {
        "online": 2,
        "users": {"alice": "here", "bob": "here"},
        "others_see_you": "here",
    }


def test_who_hides_takes_nobody_elses_place_in_the_list(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invisible, "MOST_LISTED", 1)
    client.get("/hello", auth=BOB)
    client.put("/invisible", auth=ALICE)  # she is the newest
    assert client.get("/users", auth=ALICE).json["users"] == {"bob": "here"}  # type: ignore[index]
    client.get("/hello", auth=CAROL)
    assert client.get("/users", auth=ALICE).json["users"] == {"carol": "here"}  # type: ignore[index]
    assert client.get("/users", auth=BOB).json["users"] == {"bob": "here"}  # type: ignore[index]


def test_hiding_when_one_was_seen_is_mutual(client: FlaskClient, clock: FakeClock) -> None:
    seen = {"last_seen": clock.now.isoformat()}
    client.get("/hello", auth=BOB)
    client.get("/hello", auth=CAROL)
    assert client.get("/users/bob", auth=ALICE).json == {"name": "bob", **seen}
    client.put("/invisible", auth=ALICE)
    assert client.get("/users/bob", auth=ALICE).json == {"name": "bob", "last_seen": None}
    assert client.get("/users/alice", auth=BOB).json == {"name": "alice", "last_seen": None}
    assert client.get("/users/alice", auth=ALICE).json == {"name": "alice", **seen}  # her own is hers to see
    assert client.get("/users/carol", auth=BOB).json == {"name": "carol", **seen}  # no affair of theirs


def test_who_is_idle_for_a_minute_is_away_and_after_the_window_gone(
    client: FlaskClient, clock: FakeClock
) -> None:
    client.get("/hello", auth=CAROL)
    clock.advance(minutes=1, microseconds=-1)
    assert client.get("/users", auth=BOB).json["users"] == {"bob": "here", "carol": "here"}  # type: ignore[index]
    clock.advance(microseconds=1)
    assert client.get("/users", auth=BOB).json == {
        "online": 2,
        "users": {"bob": "here", "carol": "away"},
        "others_see_you": "here",
    }
    clock.advance(minutes=4)
    assert client.get("/users", auth=BOB).json["users"] == {"bob": "here"}  # type: ignore[index]
    client.get("/hello", auth=CAROL)
    assert client.get("/users", auth=BOB).json["users"] == {"bob": "here", "carol": "here"}  # type: ignore[index]


def test_strangers_learn_nothing_and_an_unknown_name_gets_a_sentence(client: FlaskClient) -> None:
    for path in ("/users", "/users/alice"):
        assert client.get(path).status_code == 401
    assert client.put("/invisible").status_code == 401
    answer = client.get("/users/zoe", auth=ALICE)
    assert (answer.status_code, "There is no user of this name." in answer.text) == (404, True)
