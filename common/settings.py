"""The settings of all steps: where they come from, and the one sentence that refuses a bad one."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Config, Flask
from werkzeug.security import generate_password_hash

MINUTE = timedelta(minutes=1)
SMALLEST_WINDOW_MINUTES = timedelta.resolution / MINUTE
LARGEST_WINDOW_MINUTES = timedelta.max // MINUTE
LONGEST_SECONDS = timedelta.max // timedelta(seconds=1)
MOST_SHARDS = 1000


class SettingError(SystemExit):
    """Ends the start with one sentence and no traceback, and with status 3, at which gunicorn gives up."""

    def __init__(self, sentence: str) -> None:
        print(f"{' '.join(sentence.split()).rstrip('.')}.", file=sys.stderr)  # noqa: T201  # the reader is at a terminal
        super().__init__(3)


def load_settings(app: Flask, config: Mapping[str, Any] | None) -> None:
    """Fill app.config: defaults < instance/config.py < environment FLASK_... < config.

    SettingError: a value that cannot be used.
    """
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{app.name}.sqlite",
        SQLALCHEMY_ENGINE_OPTIONS={},
        PASSWORD_HASH_METHOD="scrypt",  # noqa: S106
        TOKEN_MAX_AGE_SECONDS=3600,
        ONLINE_MINUTES=5,  # the window that a question without minutes has
        ONLINE_KEEP_MINUTES=None,  # steps 1 and 3: the longest that can be asked for; None: ONLINE_MINUTES
        ONLINE_RESOLUTION_SECONDS=None,  # step 2; None: a tenth of ONLINE_MINUTES, at most 30 s
        ONLINE_KEY_PREFIX="online",  # step 3, like those below
        ONLINE_SHARDS=1,
        REDIS_CLUSTER=False,
        REDIS_URL=None,
    )
    app.config.from_pyfile("config.py", silent=True)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    _check_secret_key(app.config)
    _check_fallbacks(app.config)
    _check_times(app.config)
    _check_key_prefix(app.config)
    _check_cluster(app.config)
    _fill_engine_options(app.config)
    app.extensions["dummy_password_hash"] = _dummy_password_hash(app.config)


def _check_secret_key(config: Config) -> None:
    key = config["SECRET_KEY"]
    if type(key) is int:  # the environment is read as JSON, where a key of digits is a number
        key = config["SECRET_KEY"] = str(key)
    if not isinstance(key, str) or not key.strip() or not key.isprintable():
        raise SettingError(
            "FLASK_SECRET_KEY is not set, or is not text: give all workers the same secret, "
            "such as one from python -c 'import secrets; print(secrets.token_hex())'."
        )


def _check_fallbacks(config: Config) -> None:
    keys = config["SECRET_KEY_FALLBACKS"]
    if keys is None:
        return
    if not isinstance(keys, list) or not all(isinstance(key, str) and key.strip() for key in keys):
        raise SettingError("FLASK_SECRET_KEY_FALLBACKS is not a list of keys: write '[\"the earlier key\"]'.")


def _check_times(config: Config) -> None:
    if config["ONLINE_KEEP_MINUTES"] is None:
        config["ONLINE_KEEP_MINUTES"] = config["ONLINE_MINUTES"]
    for name in ("ONLINE_MINUTES", "ONLINE_KEEP_MINUTES"):
        _check_number(config, name, SMALLEST_WINDOW_MINUTES, LARGEST_WINDOW_MINUTES)
    if config["ONLINE_KEEP_MINUTES"] < config["ONLINE_MINUTES"]:
        raise SettingError(
            "FLASK_ONLINE_KEEP_MINUTES is less than FLASK_ONLINE_MINUTES: keep at least as long."
        )
    window = config["ONLINE_MINUTES"] * MINUTE
    if config["ONLINE_RESOLUTION_SECONDS"] is None:
        config["ONLINE_RESOLUTION_SECONDS"] = min(window.total_seconds() / 10, 30)
    _check_number(config, "ONLINE_RESOLUTION_SECONDS", 0, LONGEST_SECONDS)
    if timedelta(seconds=config["ONLINE_RESOLUTION_SECONDS"]) >= window:
        raise SettingError(
            "FLASK_ONLINE_RESOLUTION_SECONDS is as long as the window of FLASK_ONLINE_MINUTES: choose less."
        )
    _check_number(config, "TOKEN_MAX_AGE_SECONDS", 1, LONGEST_SECONDS)


def _check_number(config: Config, name: str, least: float, most: float) -> None:
    value = config[name]
    if type(value) not in (int, float) or not least <= value <= most:  # True is an int, nan compares False
        raise SettingError(
            f"FLASK_{name} is {value!r}: set it to a number from {least:.2g} to {most:.2g}, such as 5."
        )


def _check_key_prefix(config: Config) -> None:
    prefix = config["ONLINE_KEY_PREFIX"]
    if not isinstance(prefix, str) or not prefix.strip() or not prefix.isprintable():
        raise SettingError(f"FLASK_ONLINE_KEY_PREFIX is {prefix!r}: set it to a name of this app's own.")


def _check_cluster(config: Config) -> None:
    shards = config["ONLINE_SHARDS"]
    if type(shards) is not int or not 1 <= shards <= MOST_SHARDS:
        raise SettingError(f"FLASK_ONLINE_SHARDS is {shards!r}: set it to a number from 1 to {MOST_SHARDS}.")
    if type(config["REDIS_CLUSTER"]) is not bool:
        raise SettingError(f"FLASK_REDIS_CLUSTER is {config['REDIS_CLUSTER']!r}: set it to true or false.")


def _fill_engine_options(config: Config) -> None:
    given = config["SQLALCHEMY_ENGINE_OPTIONS"]
    if not isinstance(given, Mapping):
        raise SettingError(f"FLASK_SQLALCHEMY_ENGINE_OPTIONS is {given!r}: set it to a JSON object.")
    ours: dict[str, Any] = {"hide_parameters": True}  # no password hash in an error or a log
    if not str(config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite"):
        # marks commit apart: under REPEATABLE READ, MariaDB would refuse the view's own UPDATE of that user
        ours["isolation_level"] = "READ COMMITTED"
        ours["pool_pre_ping"] = True  # no request fails for a connection from before the server's restart
    config["SQLALCHEMY_ENGINE_OPTIONS"] = {**ours, **given}


def _dummy_password_hash(config: Config) -> str:
    """Return what an unknown name's password is compared with: it costs what a known name's costs."""
    try:
        return generate_password_hash(secrets.token_hex(), config["PASSWORD_HASH_METHOD"])
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise SettingError(f"FLASK_PASSWORD_HASH_METHOD is not a method of werkzeug's: {error}.") from error
