"""Requests that nobody would think of, made by hypothesis; well-formed enough to reach the app."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import (
    SearchStrategy,
    binary,
    builds,
    characters,
    dictionaries,
    floats,
    integers,
    just,
    lists,
    none,
    one_of,
    sampled_from,
    text,
)

from tests.helpers.started_steps import Client

METHODS = one_of(
    sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get"]),
    text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=10),
)
KNOWN = ["/", "/api/tokens", "/api/me", "/api/online", "/api/online/users"]
ODD = [
    "/api",
    "/api/",
    "/api/me/",
    "/api//me",
    "//api/me",
    "/api/./me",
    "/api/../api/me",
    "/API/me",
    "/api/%6de",
]
PATHS = one_of(
    sampled_from(KNOWN),
    sampled_from(KNOWN),
    sampled_from(ODD),
    builds(lambda name: f"/api/{quote(name)}", one_of(text(max_size=20), binary(max_size=20))),
    builds(lambda name: f"/{quote(name)}", text(max_size=20)),
)
MINUTES = one_of(
    floats().map(str),
    integers().map(str),
    sampled_from(["5", "0.1", "5.0", "0", "-1", "1e3", "inf", "nan", "٥", "5 ", "+5", "", "5\0", "9" * 400]),
    text(max_size=10),
)
QUERIES = one_of(
    just(""),
    MINUTES.map(lambda minutes: f"?minutes={quote(minutes)}"),
    lists(MINUTES, max_size=3).map(lambda many: "?" + "&".join(f"minutes={quote(each)}" for each in many)),
    text(characters(min_codepoint=33, max_codepoint=126), max_size=30).map("?{}".format),
)
# what a header may hold: anything without a line break, and no NUL, at which servers stop
VALUES = binary(max_size=60).map(lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\0"))
HEADERS = dictionaries(
    sampled_from(["Accept", "Content-Type", "Cookie", "Host", "Origin", "Range", "X-HTTP-Method-Override"]),
    VALUES,
    max_size=3,
)


class Request(NamedTuple):
    """One request, as it is sent."""

    method: str
    target: str
    headers: dict[str, bytes]
    body: bytes | None


def requests(token: str) -> SearchStrategy[Request]:
    """Return requests, some of them with the good token or alice's good password."""
    good = [b"Bearer " + token.encode(), b"Basic " + b64encode(b"alice:demo")]
    authorization = one_of(
        none(),
        sampled_from(good),
        sampled_from(good),
        builds(
            lambda name, password: b"Basic " + b64encode(name + b":" + password),
            one_of(sampled_from([b"alice", b"bob", b"", b"nobody"]), binary(max_size=100)),
            one_of(sampled_from([b"demo", b"demo\0", b""]), binary(max_size=100)),
        ),
        builds(  # one character of the good token is another
            lambda at, put: good[0][: 7 + at] + put + good[0][8 + at :],
            integers(0, len(token) - 1),
            sampled_from([b"", b"A", b"-", b".", b"\xff", b" "]),
        ),
        builds(
            lambda scheme, what: scheme + b" " + what, sampled_from([b"Basic", b"Bearer", b"Digest"]), VALUES
        ),
        VALUES,
    )
    headers = builds(
        lambda others, own: others if own is None else {**others, "Authorization": own},
        HEADERS,
        authorization,
    )
    return builds(Request, METHODS, builds(str.__add__, PATHS, QUERIES), headers, one_of(none(), binary()))


def attack(client: Client, token: str, all_marks: Callable[[], list[Any]], examples: int) -> None:
    """Send that many requests: each is answered, under /api/ in JSON; one that is refused marks nobody."""
    marks = all_marks()

    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(requests(token))
    def send(request: Request) -> None:
        nonlocal marks
        answer = client.send(request.method, request.target, request.headers, request.body)
        assert answer.status < 500, answer
        if request.target.startswith("/api/") and answer.body:
            assert isinstance(answer.json, dict), answer
        before, marks = marks, all_marks()
        if answer.status >= 400:
            assert all(mark in before for mark in marks), answer

    send()
