"""POST /api/replay: what it answers, and that it refuses in a sentence whatever cannot be told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab import app as lab_app
from lab.app import LARGEST_BODY, POLICY, create_app, main
from lab.forms import FORMS
from lab.story import MOST_REQUESTS, MOST_USERS

ALICE = {"user": "alice", "at": 59}


def test_a_story_is_counted_with_every_form(client: FlaskClient) -> None:
    answer = client.post("/api/replay", json={"marks": [ALICE], "until": 600})
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.json is not None
    assert (answer.json["until"], answer.json["truth"]) == (600, [[0, 0], [59, 1], [359, 0]])
    assert answer.json["forms"].keys() == FORMS.keys()
    assert answer.json["forms"]["article-redis"] == {
        "curves": [[[0, 0], [59, 1], [300, 0]]],
        "wrong": [[300, 359, "defect", [[300, ["redis-3"]]]]],
        "failed": [],
        "remembers": answer.json["forms"]["article-redis"]["remembers"],  # as test_replay.py has it
    }


def test_two_processes_answer_each_for_itself(client: FlaskClient) -> None:
    marks = [ALICE, {"user": "bob", "at": 60, "process": 2}]
    answer = client.post("/api/replay", json={"marks": marks, "until": 100, "window": 30, "resolution": 0})
    assert answer.json is not None
    assert answer.json["forms"]["dict"]["curves"] == [
        [[0, 0], [59, 1], [89, 0]],
        [[0, 0], [60, 1], [90, 0]],
    ]


def test_a_request_that_fails_with_its_store_is_told(client: FlaskClient) -> None:
    story = {"marks": [ALICE, {"user": "bob", "at": 5}], "until": 100, "down": {"since": 50, "until": 60}}
    answer = client.post("/api/replay", json=story)
    assert answer.json is not None
    failed = {name: form["failed"] for name, form in answer.json["forms"].items()}
    assert failed == {name: [] if "dict" in name else [1] for name in FORMS}
    assert answer.json["forms"]["sorted-set"]["curves"] == [[[0, 0], [5, 1], [50, None], [60, 1]]]


MANY = [{"user": f"user{number}", "at": 0} for number in range(MOST_USERS)]
REFUSED: list[tuple[Any, str]] = [
    ([], "Send the story as an object in braces."),
    ({"until": 600}, "The story lacks 'marks'."),
    ({"marks": []}, "The story lacks 'until'."),
    (
        {"marks": [], "until": 600, "now": 1},
        "The story has 'now': only these are known: marks, until, window, ",
    ),
    ({"marks": {}, "until": 600}, "Send 'marks' as a list of at most 100."),
    ({"marks": [ALICE] * (MOST_REQUESTS + 1), "until": 600}, "Send 'marks' as a list of at most 100."),
    ({"marks": [1], "until": 600}, "Send a mark as an object in braces."),
    ({"marks": [{"user": "alice"}], "until": 600}, "A mark lacks 'at'."),
    ({"marks": [{**ALICE, "at": -1}], "until": 600}, "Send 'at' as a number of seconds from 0 to 600."),
    ({"marks": [{**ALICE, "at": 601}], "until": 600}, "Send 'at' as a number of seconds from 0 to 600."),
    ({"marks": [{**ALICE, "at": True}], "until": 600}, "Send 'at' as a number of seconds from 0 to 600."),
    ({"marks": [{**ALICE, "at": "1"}], "until": 600}, "Send 'at' as a number of seconds from 0 to 600."),
    (
        {"marks": [{**ALICE, "at": float("nan")}], "until": 600},
        "Send 'at' as a number of seconds from 0 to 600.",
    ),
    ({"marks": [{**ALICE, "user": ""}], "until": 600}, "Send 'user' as a name of 1 to 20 letters or digits."),
    (
        {"marks": [{**ALICE, "user": "\ud800"}], "until": 600},
        "Send 'user' as a name of 1 to 20 letters or digits.",
    ),
    ({"marks": [{**ALICE, "user": 7}], "until": 600}, "Send 'user' as a name of 1 to 20 letters or digits."),
    ({"marks": [{**ALICE, "process": 3}], "until": 600}, "Send 'process' as 1 or 2."),
    ({"marks": [{**ALICE, "process": []}], "until": 600}, "Send 'process' as 1 or 2."),
    ({"marks": [*MANY, ALICE], "until": 600}, "There are 9 users: send at most 8."),
    ({"marks": [], "until": 604_801}, "Send 'until' as a number of seconds from 1 to 604800."),
    ({"marks": [], "until": 10**400}, "Send 'until' as a number of seconds from 1 to 604800."),
    ({"marks": [], "until": 600, "window": 0}, "Send 'window' as a number of seconds from 1 to 86400."),
    (
        {"marks": [], "until": 600, "resolution": 300},
        "Send 'resolution' as a number of seconds from 0 to 299.9999",
    ),
    ({"marks": [], "until": 600, "apart": 61}, "Send 'apart' as a number of seconds from 0 to 60."),
    ({"marks": [], "until": 600, "set": {"at": 0}}, "Set lacks 'by'."),
    (
        {"marks": [], "until": 600, "down": {"since": 9, "until": 8}},
        "Send 'until' as a number of seconds from 9 ",
    ),
    ({"marks": [], "until": 600, "created": [ALICE, ALICE]}, "A user is created twice: once is enough."),
    (
        {"marks": [{**ALICE, "at": 1}], "until": 600, "created": [ALICE]},
        "alice sends a request before the account",
    ),
    (
        {"marks": [], "until": 600, "created": [ALICE], "down": {"since": 59, "until": 60}},
        "An account is created while the store is down: create it earlier or later.",
    ),
]


@pytest.mark.parametrize(("story", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_cannot_be_told_is_refused_in_a_sentence(client: FlaskClient, story: Any, sentence: str) -> None:
    answer = client.post("/api/replay", data=json.dumps(story))
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"].startswith(sentence)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda client: client.post("/api/replay", data=b""), 400),
        (lambda client: client.post("/api/replay", data=b"\xff"), 400),
        (lambda client: client.post("/api/replay", data=b"[" * 30_000), 400),
        (lambda client: client.post("/api/replay", data=b" " * (LARGEST_BODY + 1)), 413),
        (lambda client: client.get("/api/replay"), 405),
        (lambda client: client.get("/api/other"), 404),
    ],
    ids=["nothing", "no UTF-8", "nested too deeply", "too large", "not by GET", "not there"],
)
def test_every_refusal_is_json(client: FlaskClient, send: Callable[[FlaskClient], Any], status: int) -> None:
    answer = send(client)
    assert (answer.status_code, list(answer.json)) == (status, ["error"])
    assert len(answer.json["error"]) > 10
    assert (answer.headers.get("Allow") is not None) == (status == 405)


def test_the_largest_story_fits_and_is_answered(client: FlaskClient) -> None:
    marks = [
        {"user": f"a_user_of_20_letters{number % MOST_USERS}"[1:], "at": 604_799.123456, "process": 2}
        for number in range(MOST_REQUESTS)
    ]
    answer = client.post("/api/replay", json={"marks": marks, "until": 604_800})
    assert answer.status_code == 200


OF_A_STORY = ["marks", "until", "window", "resolution", "created", "apart", "set", "down"]
OF_ITS_PARTS = ["user", "at", "process", "by", "since"]
KEYS = st.sampled_from(OF_A_STORY + OF_ITS_PARTS)
NUMBERS = st.one_of(st.integers(0, 600), st.integers(), st.floats())


def made_up() -> st.SearchStrategy[Any]:
    """Return JSON with our own names in the wrong places."""
    leaves = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=5), st.just("alice"))
    anything = st.recursive(
        leaves, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4))
    )
    # most fields as they should be, so that some stories are told to their end
    marks = st.lists(st.one_of(st.just(ALICE), st.dictionaries(KEYS, anything, max_size=3)), max_size=3)
    whole = st.dictionaries(KEYS, anything, max_size=2)
    return st.one_of(
        anything,
        whole.flatmap(lambda more: marks.map(lambda marks: {"until": 600, "marks": marks, **more})),
    )


@pytest.mark.parametrize("examples", [40, pytest.param(600, marks=pytest.mark.slow)])
def test_no_body_is_too_much_for_it(examples: int) -> None:
    client = create_app().test_client()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(made_up().map(lambda story: json.dumps(story).encode()), st.binary(max_size=50)))
    def send(body: bytes) -> None:
        answer = client.post("/api/replay", data=body)
        assert answer.status_code in (200, 400), answer.text
        assert answer.json is not None
        assert ("forms" in answer.json) == (answer.status_code == 200)
        assert ("error" in answer.json) == (answer.status_code == 400)

    send()


@pytest.mark.parametrize(
    ("arguments", "port"), [([], 5010), (["--port", "5999"], 5999), (["--port", "0"], 50_001)]
)
def test_the_lab_serves_several_at_once_and_this_machine_alone(
    arguments: list[str], port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[tuple[str, bool, int]] = []

    def make_server(host: str, port: int, app: Flask, *, threaded: bool = False) -> SimpleNamespace:
        status = app.test_client().get("/").status_code
        return SimpleNamespace(
            port=port or 50_001, serve_forever=lambda: served.append((host, threaded, status))
        )

    monkeypatch.setattr(lab_app, "make_server", make_server)
    monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
    main()
    assert served == [("127.0.0.1", True, 200)]
    assert capsys.readouterr().out == f"lab: http://127.0.0.1:{port}/  (Ctrl+C ends it)\n"
