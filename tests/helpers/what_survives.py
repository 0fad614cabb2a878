"""Experiments with faults: what an app answers before, while and after something breaks."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask

from common.accounts import add_account, find_by_name
from common.auth import new_token
from tests.helpers.apps import bearer, own_retry_clock
from tests.helpers.started_steps import ROOT, Client, Copy
from tests.helpers.users import ALICE, BOB, CAROL

DATA = ROOT / "tools/documents/what_survives.toml"
REQUESTS = 10
NO_ANSWER = "-"


class Observed(NamedTuple):
    """What an experiment saw; tools/documents/what_survives.toml says what each figure is."""

    failed: str
    earlier: str
    meanwhile: str
    asked: str


@dataclass(frozen=True)
class Fault:
    """One row of the table of what survives."""

    step: int
    what: dict[str, str]
    failed: str
    earlier: str
    meanwhile: str
    asked: str
    recovery: dict[str, str]
    slow: bool = False

    @property
    def observed(self) -> Observed:
        """What its experiment must see."""
        return Observed(self.failed, self.earlier, self.meanwhile, self.asked)


def faults() -> dict[str, Fault]:
    """Return name -> what was seen."""
    rows = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return {name: Fault(**fields) for name, fields in rows.items()}


def observe(
    app: Flask,
    fault: AbstractContextManager[object],
    *,
    after_alice: Callable[[], object] = lambda: None,
) -> Observed:
    """Sign alice and bob in, let the fault begin, send carol's requests, and let it end.

    after_alice: what happens between the two.
    """
    retry_clock = own_retry_clock(app)
    with app.app_context():
        add_account("dora", "demo")
        doras, carols = bearer(unused_token("dora")), bearer(unused_token("carol"))
    client = app.test_client()
    assert client.post("/api/tokens", auth=("alice", "demo")).status_code == 200
    after_alice()
    assert client.post("/api/tokens", auth=("bob", "demo")).status_code == 200

    with fault:
        statuses = [client.get("/api/me", headers=carols).status_code for _ in range(REQUESTS)]
        asked = client.get("/api/online")
        count = (
            str(asked.json["online"]) if asked.status_code == 200 and asked.json else str(asked.status_code)
        )

    retry_clock.advance(seconds=5)
    assert client.get("/api/me", headers=doras).status_code == 200  # the next request after five seconds
    assert client.get("/api/online").status_code == 200
    known = [app.extensions["presence"].tracker.last_seen(user) is not None for user in (ALICE, BOB, CAROL)]
    return Observed(
        failed=f"{REQUESTS - statuses.count(200)}/{REQUESTS}",
        earlier=f"{sum(known[:2])}/2",
        meanwhile=f"{sum(known[2:])}/1",
        asked=count,
    )


def unused_token(name: str) -> str:
    """Make a token without a request that marks its user."""
    account = find_by_name(name)
    assert account
    return new_token(account)


def observe_kill(copy: Copy, settings: dict[str, str] | None = None) -> Observed:
    """Sign alice and bob in at a demo, kill it, call it, start it again and count."""
    with copy.demo(settings=settings) as client:
        tokens = {name: client.sign_in(name) for name in ("alice", "bob")}
        copy.kill()
        failed = sum(status_of(client, "/api/me", tokens["alice"]) == NO_ANSWER for _ in range(REQUESTS))
        meanwhile = sum(status_of(client, "/api/tokens") != NO_ANSWER for _ in range(1))
        asked = status_of(client, "/api/online")
    with copy.demo(settings=settings) as client:
        observed = Observed(f"{failed}/{REQUESTS}", f"{client.online()}/2", f"{meanwhile}/1", asked)
        assert status_of(client, "/api/me", tokens["alice"]) == "200"  # her token is still good
        return observed


def observe_clocks(
    here: Client, there: Client, carols: str, change: Callable[[], object] = lambda: None
) -> Observed:
    """Sign alice and bob in at one host, change a clock, send carol's requests to the other, and count there.

    carols: a token that was signed before, by the first host.
    """
    for name in ("alice", "bob"):
        here.sign_in(name)
    change()
    statuses = [there.call("GET", "/api/me", token=carols).status for _ in range(REQUESTS)]
    asked = there.call("GET", "/api/online")
    count = str(asked.json["online"]) if asked.status == 200 else str(asked.status)
    known = there.call("GET", "/api/online/users", token=carols)
    names = {user["name"] for user in known.json["users"]} if known.status == 200 else set()
    return Observed(
        failed=f"{REQUESTS - statuses.count(200)}/{REQUESTS}",
        earlier=f"{len(names & {'alice', 'bob'})}/2",
        meanwhile=f"{len(names & {'carol'})}/1",
        asked=count,
    )


def status_of(client: Client, path: str, token: str | None = None) -> str:
    """Return the status of the answer, - for none."""
    try:
        return str(client.call("GET", path, token=token).status)
    except OSError:
        return NO_ANSWER
