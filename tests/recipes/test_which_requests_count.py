"""recipes/which_requests_count.py: one rule in the door says which requests mark, and whom."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from recipes.which_requests_count import create_app

ALICE, BOB = ("alice", "demo"), ("bob", "demo")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def counts(client: FlaskClient) -> tuple[int, int]:
    """Return how many users are online, and how many programs."""
    users, programs = (client.get(path).get_json()["online"] for path in ("/online", "/clients"))
    return users, programs


def test_somebody_who_reads_a_page_counts(client: FlaskClient) -> None:
    answer = client.get("/hello", auth=BOB, headers={"User-Agent": FIREFOX})
    assert answer.get_json() == {"hello": "bob"}
    assert counts(client) == (1, 0)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/news", {}),
        ("/hello", {"Sec-Purpose": "prefetch"}),
        ("/hello", {"Sec-Purpose": "prefetch;prerender"}),
        ("/hello", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
        ("/hello", {"User-Agent": "Monitoring/2.0"}),
    ],
    ids=["a poll", "a prefetch", "a prerendering", "a bot", "a monitor"],
)
def test_a_request_behind_which_nobody_sits_is_served_and_marks_nobody(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    assert client.get(path, auth=BOB, headers=headers).status_code == 200
    assert counts(client) == (0, 0)


def test_a_health_check_needs_no_door(client: FlaskClient) -> None:
    assert client.get("/health").get_json() == {"ok": True}
    assert client.get("/health", auth=BOB).get_json() == {"ok": True}
    assert counts(client) == (0, 0)


def test_an_admin_who_acts_as_a_user_is_the_one_who_is_here(client: FlaskClient) -> None:
    answer = client.get("/hello", auth=ALICE, headers={"X-Act-As": "carol"})
    assert answer.get_json() == {"hello": "carol"}
    client.get("/hello", auth=ALICE)
    assert counts(client) == (1, 0)


@pytest.mark.parametrize(
    ("auth", "acts_as"),
    [(BOB, "carol"), (BOB, "alice"), (ALICE, "nobody"), (("alice", "guessed"), "bob")],
    ids=["no admin", "no admin as one", "an unknown user", "a wrong password"],
)
def test_nobody_else_acts_as_a_user_and_a_refusal_marks_nobody(
    client: FlaskClient, auth: tuple[str, str], acts_as: str
) -> None:
    assert client.get("/hello", auth=auth, headers={"X-Act-As": acts_as}).status_code == 401
    assert counts(client) == (0, 0)


def test_programs_are_counted_apart_from_people(client: FlaskClient) -> None:
    client.get("/hello", auth=BOB)
    for _ in range(2):
        answer = client.get("/import", headers={"X-API-Key": "demo-key"})
        assert answer.get_json() == {"client": "importer"}
    assert counts(client) == (1, 1)


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "guessed"}, {"X-API-Key": "密钥"}])
def test_a_program_with_no_key_or_a_wrong_one_is_refused_and_counts_nowhere(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    raw = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    assert client.get("/import", headers=raw).status_code == 401
    assert client.get("/import", auth=BOB).status_code == 401  # a user is no program
    assert counts(client) == (0, 0)
