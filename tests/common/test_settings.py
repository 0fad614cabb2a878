"""Where a setting comes from, and the sentence that refuses a bad one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.common.conftest import make_app
from tests.helpers.apps import QUICK_HASH

QUICK = {"PASSWORD_HASH_METHOD": QUICK_HASH, "SQLALCHEMY_DATABASE_URI": "sqlite://"}


def refusal(capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """Return the sentence with which the settings are refused."""
    with pytest.raises(SystemExit) as raised:
        make_app(QUICK | settings)
    assert raised.value.code == 3  # the one at which gunicorn stops
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1 and sentence.endswith(".\n") and not sentence.endswith("..\n")
    return sentence


@pytest.mark.parametrize("key", [None, "", "  ", True, 1.5, [], "a\nb", "\udcff", b"bytes"])
def test_a_secret_key_that_is_no_text_is_refused(key: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "FLASK_SECRET_KEY" in refusal(capsys, SECRET_KEY=key)


def test_a_secret_key_of_digits_works() -> None:
    assert make_app(QUICK | {"SECRET_KEY": 20200302}).config["SECRET_KEY"] == "20200302"


@pytest.mark.parametrize("keys", ["old", 5, [""], [5], {"old": 1}, [None]])
def test_earlier_keys_that_are_no_list_of_text_are_refused(
    keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "FLASK_SECRET_KEY_FALLBACKS" in refusal(capsys, SECRET_KEY_FALLBACKS=keys)


@pytest.mark.parametrize("name", ["ONLINE_MINUTES", "ONLINE_KEEP_MINUTES", "TOKEN_MAX_AGE_SECONDS"])
@pytest.mark.parametrize(
    "value", [0, -1, float("nan"), float("inf"), True, "5m", "", [5], 1e-10, 1e300, 10**400]
)
def test_a_time_that_is_no_positive_number_is_refused(
    name: str, value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = "seconds" if name.endswith("SECONDS") else "minutes"
    limit = "from 1 on" if unit == "seconds" else "above 0, such as 5"
    sentence = refusal(capsys, **{name: value})
    assert sentence == f"FLASK_{name} is {value!r}: set it to a number of {unit} {limit}.\n"


def test_a_window_that_is_not_given_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "FLASK_ONLINE_MINUTES" in refusal(capsys, ONLINE_MINUTES=None)


def test_keeping_shorter_than_the_window_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "FLASK_ONLINE_KEEP_MINUTES" in refusal(capsys, ONLINE_MINUTES=5, ONLINE_KEEP_MINUTES=4.9)


@pytest.mark.parametrize(
    "seconds", [-1, -0.001, float("nan"), True, "30", [], 299.9999999, 300, 86_400_000_000_000, 1e300]
)
def test_a_resolution_that_is_no_time_or_not_below_the_window_is_refused(
    seconds: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, ONLINE_RESOLUTION_SECONDS=seconds) == (
        f"FLASK_ONLINE_RESOLUTION_SECONDS is {seconds!r}: set it to a number of seconds, 0 or more, "
        "and less than the window's 300.\n"
    )


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, 30),
        ({"ONLINE_MINUTES": 1}, 6),
        ({"ONLINE_MINUTES": 60}, 30),
        ({"ONLINE_RESOLUTION_SECONDS": 0}, 0),
        ({"ONLINE_RESOLUTION_SECONDS": 299.9}, 299.9),
    ],
)
def test_the_resolution_is_a_tenth_of_the_window_and_at_most_30_seconds_unless_set(
    settings: dict[str, Any], seconds: float
) -> None:
    assert make_app(QUICK | settings).config["ONLINE_RESOLUTION_SECONDS"] == seconds


def test_keep_is_the_window_unless_set() -> None:
    assert make_app(QUICK | {"ONLINE_MINUTES": 0.5}).config["ONLINE_KEEP_MINUTES"] == 0.5


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "users.sqlite",
        5,
        None,
        "nosuchdatabase://x",
        "mysql+nosuchdriver://x",
        "mysql://host:port/x",
        "sqlite:///x.sqlite?timeout=abc",
        "sqlite://host/x",
        "postgresql+psycopg://app:s3cr@et:pa55/word@db/x",
        "postgresql+psycopg://app:s3cr@et@127.0.0.1/x",
    ],
)
def test_a_database_that_cannot_be_used_is_refused(uri: Any, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = refusal(capsys, SQLALCHEMY_DATABASE_URI=uri)
    assert "FLASK_SQLALCHEMY_DATABASE_URI" in sentence
    assert not any(part in sentence for part in ("s3cr", "et@", "pa55"))


@pytest.mark.parametrize("prefix", [None, "", "  ", 5, True, "a\nb"])
def test_a_key_prefix_that_is_no_name_is_refused(prefix: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "FLASK_ONLINE_KEY_PREFIX" in refusal(capsys, ONLINE_KEY_PREFIX=prefix)


@pytest.mark.parametrize(
    "options",
    [
        None,
        5,
        "pool_size=3",
        [],
        {"no_such": 1},
        {"connect_args": 5},
        {"isolation_level": "BOGUS"},
    ],
)
def test_engine_options_that_are_none_are_refused(options: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ENGINE_OPTIONS" in refusal(capsys, SQLALCHEMY_ENGINE_OPTIONS=options)


def test_a_pool_that_is_no_class_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"poolclass": "NullPool"}
    server = "postgresql+psycopg://host/users"
    sentence = refusal(capsys, SQLALCHEMY_ENGINE_OPTIONS=options, SQLALCHEMY_DATABASE_URI=server)
    assert "ENGINE_OPTIONS" in sentence


def test_a_deployers_engine_options_come_beside_ours_and_outrank_them() -> None:
    def options(uri: str, **given: Any) -> Any:
        settings = QUICK | {"SQLALCHEMY_DATABASE_URI": uri, "SQLALCHEMY_ENGINE_OPTIONS": given}
        return make_app(settings).config["SQLALCHEMY_ENGINE_OPTIONS"]

    assert options("sqlite://") == {"hide_parameters": True}
    server = "mysql+pymysql://host/users"
    ours = {"hide_parameters": True, "isolation_level": "READ COMMITTED", "pool_pre_ping": True}
    assert options(server) == ours
    given = {"pool_size": 3, "isolation_level": "SERIALIZABLE"}
    assert options(server, **given) == ours | given


@pytest.mark.parametrize(
    "method", ["md4", "", 5, None, "pbkdf2:sha256:99999999999", "scrypt:-2:8:1", "scrypt:3:8:1"]
)
def test_a_password_method_that_does_not_exist_is_refused(
    method: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "FLASK_PASSWORD_HASH_METHOD" in refusal(capsys, PASSWORD_HASH_METHOD=method)


def test_the_environment_outranks_the_defaults_and_the_caller_outranks_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLASK_ONLINE_MINUTES", "2.5")
    assert make_app(QUICK).config["ONLINE_MINUTES"] == 2.5
    assert make_app(QUICK | {"ONLINE_MINUTES": 7}).config["ONLINE_MINUTES"] == 7


def test_the_environment_outranks_the_instance_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("ONLINE_MINUTES = 3\nTOKEN_MAX_AGE_SECONDS = 60\n", encoding="utf-8")
    monkeypatch.setattr("flask.Flask.auto_find_instance_path", lambda _: str(tmp_path))
    monkeypatch.setenv("FLASK_ONLINE_MINUTES", "4")
    config = make_app(QUICK).config
    assert (config["ONLINE_MINUTES"], config["TOKEN_MAX_AGE_SECONDS"]) == (4, 60)
