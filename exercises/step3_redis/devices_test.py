"""Exercise 3.1: the devices of a user.

docs/exercises.md says what it asks for, and has a hint. Delete the line that skips it, and watch it fail.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from step3_redis.tracker import RedisTracker
from tests.helpers.apps import bearer, token_of
from tests.step3_redis.conftest import tracker_of


@pytest.mark.skip(reason="exercise 3.1: delete this line, then count devices by the header X-Device")
def test_exercise_3_1_devices_of_a_user(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = token_of(app, "alice"), token_of(app, "bob")
    client = app.test_client()
    redis: Any = tracker_of(app)._client

    def ask_me(token: str, device: str) -> int:
        headers = {**bearer(token), "X-Device": device}
        return client.get("/api/me", headers=headers).status_code

    def counts() -> tuple[Any, Any]:
        online, devices = client.get("/api/online"), client.get("/api/devices")
        assert devices.json is not None and devices.json["minutes"] == 5
        return online.json["online"], devices.json["devices"]  # type: ignore[index]

    assert counts() == (2, 0)
    for token, device in ((alice, "phone"), (alice, "laptop"), (alice, "phone"), (bob, "phone")):
        assert ask_me(token, device) == 200
    assert counts() == (2, 3)  # bob's phone is not alice's
    members = {b"1:laptop", b"1:phone", b"2:phone"}
    assert set(redis.zrange("shop:devices:last-seen", 0, -1)) == members

    # a request with a password marks its device too; with a bad name no device is marked, but the user is
    client.post("/api/tokens", auth=("bob", "demo"), headers={"X-Device": "Tablet-2"})
    assert counts() == (2, 4)
    redis.delete("shop:last-seen")
    for bad in ("", "x" * 65, "a b", "a_b", "2:phone", "téléphone"):
        assert ask_me(alice, bad) == 200
    assert counts() == (1, 4)
    assert ask_me(bob, "x" * 64) == 200
    assert counts() == (2, 5)

    # a request that is refused marks no device, and one that asks for a count marks none
    for path, headers in (("/api/me", bearer("no token")), ("/api/online", {}), ("/api/devices", {})):
        client.get(path, headers={**headers, "X-Device": "watch"})
    assert counts() == (2, 5)

    # a request marks its user once, and its device once
    marked: list[str] = []
    mark = RedisTracker.mark_online

    def note(self: RedisTracker, user: Any) -> None:
        marked.append(str(user.id))
        mark(self, user)

    with monkeypatch.context() as patch:
        patch.setattr(RedisTracker, "mark_online", note)
        ask_me(alice, "phone")
    assert sorted(marked) == ["1", "1:phone"]

    # a Redis that fails, fails no request; how many there are is then unknown
    redis.connection_pool.connection_kwargs["server"].connected = False
    assert ask_me(alice, "phone") == 200
    assert [client.get(path).status_code for path in ("/api/online", "/api/devices")] == [503, 503]
