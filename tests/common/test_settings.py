"""Where a setting comes from, and the sentence that refuses a bad one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.common.conftest import User, make_app
from tests.helpers.apps import QUICK_HASH

QUICK = {"PASSWORD_HASH_METHOD": QUICK_HASH, "SQLALCHEMY_DATABASE_URI": "sqlite://"}
SECRETS = {
    "SECRET_KEY": "K3Y of-this-app",
    "SECRET_KEY_FALLBACKS": ["K3Y of-last-year"],
    "SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://app:pa55w0rd@host/users",
    "REDIS_URL": "redis://:pa55w0rd@host/0",
}


def refusal(capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """Return the sentence with which the settings are refused; it tells no secret of the other settings."""
    with pytest.raises(SystemExit) as raised:
        make_app(QUICK | SECRETS | settings)
    assert raised.value.code == 3  # the one at which gunicorn stops
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1 and told.err.endswith(".\n") and not told.err.endswith("..\n")
    assert not any(secret in told.err for secret in ("K3Y", "pa55w0rd"))
    return told.err


def test_the_defaults() -> None:
    defaults = {
        "SECRET_KEY_FALLBACKS": None,
        "SQLALCHEMY_DATABASE_URI": "sqlite:///tests.common.sqlite",
        "SQLALCHEMY_ENGINE_OPTIONS": {"hide_parameters": True},
        "PASSWORD_HASH_METHOD": "scrypt",
        "TOKEN_MAX_AGE_SECONDS": 3600,
        "ONLINE_MINUTES": 5,
        "ONLINE_KEEP_MINUTES": 5,
        "ONLINE_RESOLUTION_SECONDS": 30,
        "ONLINE_KEY_PREFIX": "online",
        "ONLINE_SHARDS": 1,
        "REDIS_CLUSTER": False,
        "REDIS_URL": None,
    }
    config = make_app({}).config
    assert {name: config[name] for name in defaults} == defaults


def test_a_password_is_hashed_by_the_method_that_is_set_and_by_default_with_the_cost_of_werkzeugs() -> None:
    for settings, method in (({}, "scrypt:32768:8:1"), (QUICK, QUICK_HASH)):
        app = make_app(settings)
        account = User()
        with app.app_context():
            account.set_password("demo")
        dummy_hash = app.extensions["accounts"].dummy_hash
        assert account.password_hash.split("$")[0] == dummy_hash.split("$")[0] == method


@pytest.mark.parametrize("key", [None, "", "  ", True, 1.5, [], "a\nb", "\udcff", b"bytes"])
def test_a_secret_key_that_is_no_text_is_refused(key: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, SECRET_KEY=key) == (
        "FLASK_SECRET_KEY is not set, or is not text: give all workers the same secret, "
        "such as one from python -c 'import secrets; print(secrets.token_hex())'.\n"
    )


def test_a_secret_key_of_digits_works() -> None:
    assert make_app(QUICK | {"SECRET_KEY": 20200302}).config["SECRET_KEY"] == "20200302"


@pytest.mark.parametrize("keys", ["old", 5, [""], [5], {"old": 1}, [None]])
def test_earlier_keys_that_are_no_list_of_text_are_refused(
    keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, SECRET_KEY_FALLBACKS=keys) == (
        "FLASK_SECRET_KEY_FALLBACKS is not a list of keys: write '[\"the earlier key\"]'.\n"
    )


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
    assert refusal(capsys, ONLINE_MINUTES=None) == (
        "FLASK_ONLINE_MINUTES is None: set it to a number of minutes above 0, such as 5.\n"
    )


def test_keeping_shorter_than_the_window_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, ONLINE_MINUTES=5, ONLINE_KEEP_MINUTES=4.9) == (
        "FLASK_ONLINE_KEEP_MINUTES is less than FLASK_ONLINE_MINUTES: keep at least as long.\n"
    )


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
    "setting",
    [
        {"SECRET_KEY": "k"},
        {"SECRET_KEY_FALLBACKS": []},
        {"SECRET_KEY_FALLBACKS": ["an earlier key"]},
        {"TOKEN_MAX_AGE_SECONDS": 1},
        {"TOKEN_MAX_AGE_SECONDS": timedelta.max // timedelta(seconds=1)},
        {"ONLINE_MINUTES": timedelta.resolution / timedelta(minutes=1)},
        {"ONLINE_MINUTES": timedelta.max // timedelta(minutes=1)},
        {"ONLINE_KEEP_MINUTES": 5},
        {"ONLINE_RESOLUTION_SECONDS": 299.999999},
        {"ONLINE_KEY_PREFIX": "my app"},
        {"ONLINE_SHARDS": 1000},
        {"REDIS_CLUSTER": True},
    ],
    ids=str,
)
def test_a_setting_at_its_limit_is_taken_as_it_is(setting: dict[str, Any]) -> None:
    ((name, value),) = setting.items()
    assert make_app(QUICK | setting).config[name] == value


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
    assert sentence.startswith((
        "FLASK_SQLALCHEMY_DATABASE_URI names no usable database: percent-encode the password in it.",
        "FLASK_SQLALCHEMY_DATABASE_URI, with its ENGINE_OPTIONS, names no usable database: ",
    ))  # fmt: skip
    assert not any(part in sentence for part in ("s3cr", "et@", "pa55"))


@pytest.mark.parametrize("prefix", [None, "", " ", 5, True, "a\nb"])
def test_a_key_prefix_that_is_no_name_is_refused(prefix: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, ONLINE_KEY_PREFIX=prefix) == (
        f"FLASK_ONLINE_KEY_PREFIX is {prefix!r}: set it to a name of this app's own.\n"
    )


@pytest.mark.parametrize("shards", [0, -1, 1001, True, "12", 1.5, None])
def test_a_number_of_sorted_sets_that_is_none_is_refused(
    shards: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, ONLINE_SHARDS=shards) == (
        f"FLASK_ONLINE_SHARDS is {shards!r}: set it to a number of sorted sets, 1 to 1000.\n"
    )


@pytest.mark.parametrize("value", [1, 0, "yes", None])
def test_a_cluster_is_true_or_false(value: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, REDIS_CLUSTER=value) == (
        f"FLASK_REDIS_CLUSTER is {value!r}: set it to true or false.\n"
    )


@pytest.mark.parametrize("options", [None, 5, "pool_size=3", []])
def test_engine_options_that_are_no_object_are_refused(
    options: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, SQLALCHEMY_ENGINE_OPTIONS=options) == (
        'FLASK_SQLALCHEMY_ENGINE_OPTIONS is not a JSON object: write one, such as {"pool_size": 5}.\n'
    )


@pytest.mark.parametrize(
    "options",
    [
        {"no_such": 1},
        {"connect_args": 5},
        {"poolclass": "NullPool"},
    ],
)
def test_engine_options_that_cannot_be_used_are_refused(
    options: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, SQLALCHEMY_ENGINE_OPTIONS=options).startswith(
        "FLASK_SQLALCHEMY_DATABASE_URI, with its ENGINE_OPTIONS, names no usable database: "
    )


def test_a_deployers_engine_options_come_beside_ours_and_outrank_them() -> None:
    def options(uri: str, **given: Any) -> Any:
        settings = QUICK | {"SQLALCHEMY_DATABASE_URI": uri, "SQLALCHEMY_ENGINE_OPTIONS": given}
        return make_app(settings).config["SQLALCHEMY_ENGINE_OPTIONS"]

    for file in ("sqlite://", "sqlite:///users.sqlite", "sqlite+pysqlite:///users.sqlite"):
        assert options(file) == {"hide_parameters": True}
    assert options("sqlite://", hide_parameters=False) == {"hide_parameters": False}
    server = "mysql+pymysql://host/users"
    ours = {"hide_parameters": True, "isolation_level": "READ COMMITTED", "pool_pre_ping": True}
    assert options(server) == ours
    given = {"pool_size": 3, "isolation_level": "SERIALIZABLE"}
    assert options(server, **given) == ours | given


def test_an_isolation_level_that_is_none_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = {"isolation_level": "BOGUS"}
    assert refusal(capsys, **QUICK | {"SQLALCHEMY_ENGINE_OPTIONS": options}) == (
        "FLASK_SQLALCHEMY_DATABASE_URI, with its ENGINE_OPTIONS, names no usable database: "
        "isolation_level 'BOGUS' is none of READ UNCOMMITTED, SERIALIZABLE, AUTOCOMMIT.\n"
    )


@pytest.mark.parametrize("level", ["READ UNCOMMITTED", "read uncommitted", "read_uncommitted"])
def test_an_isolation_level_may_be_written_as_sqlalchemy_takes_it(level: str) -> None:
    app = make_app(QUICK | {"SQLALCHEMY_ENGINE_OPTIONS": {"isolation_level": level}})
    with app.app_context():
        with app.extensions["sqlalchemy"].engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA read_uncommitted").scalar() == 1
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.mark.parametrize(
    "method", ["md4", "", 5, None, "pbkdf2:sha256:99999999999", "scrypt:-2:8:1", "scrypt:3:8:1"]
)
def test_a_password_method_that_does_not_exist_is_refused(
    method: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refusal(capsys, PASSWORD_HASH_METHOD=method)
    assert sentence.startswith("FLASK_PASSWORD_HASH_METHOD is not a method of werkzeug's: ")


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
