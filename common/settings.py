"""The settings of all steps: where they come from, and the one sentence that refuses a bad one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from flask import Config, Flask

MINUTE = timedelta(minutes=1)
SMALLEST_WINDOW_MINUTES = timedelta.resolution / MINUTE  # a microsecond
LARGEST_WINDOW_MINUTES = timedelta.max // MINUTE
LONGEST_SECONDS = timedelta.max // timedelta(seconds=1)
MOST_SHARDS = 1000


def refuse_setting(sentence: str) -> NoReturn:
    """End the start with one sentence and no traceback.

    gunicorn stops at exit status 3; at any other it starts new workers for ever.
    """
    print(f"{' '.join(sentence.split()).rstrip('.')}.", file=sys.stderr)  # noqa: T201  # the reader is at a terminal
    sys.exit(3)


def load_settings(app: Flask, config: Mapping[str, Any] | None, **defaults: Any) -> None:
    """Fill app.config: defaults < instance/config.py < environment FLASK_... < config.

    defaults: those in which the step differs from the ones here.
    SystemExit: a value that cannot be used.
    """
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{app.name}.sqlite",
        SQLALCHEMY_ENGINE_OPTIONS={},
        PASSWORD_HASH_METHOD="scrypt",  # noqa: S106
        TOKEN_MAX_AGE_SECONDS=3600,
        ONLINE_MINUTES=5,  # the window that a question without minutes has
        ONLINE_KEEP_MINUTES=None,  # steps 1 and 3: the longest that can be asked for; None: ONLINE_MINUTES
        ONLINE_RESOLUTION_SECONDS=None,  # steps 2 and 3; None: a tenth of ONLINE_MINUTES, at most 30 s
        ONLINE_KEY_PREFIX="online",  # step 3, like those below
        ONLINE_SHARDS=1,
        REDIS_CLUSTER=False,
        REDIS_URL=None,
    )
    app.config.from_mapping(defaults)
    app.config.from_pyfile("config.py", silent=True)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    _check_secret_key(app.config)
    _check_fallbacks(app.config)
    _check_times(app.config)
    _check_key_prefix(app.config)
    _check_cluster(app.config)
    _fill_engine_options(app.config)


def _check_secret_key(config: Config) -> None:
    key = config["SECRET_KEY"]
    if type(key) is int:  # the environment is read as JSON, where a key of digits is a number
        key = config["SECRET_KEY"] = str(key)
    if not isinstance(key, str) or not key.strip() or not key.isprintable():
        refuse_setting(
            "FLASK_SECRET_KEY is not set, or is not text: give all workers the same secret, "
            "such as one from python -c 'import secrets; print(secrets.token_hex())'."
        )


def _check_fallbacks(config: Config) -> None:
    keys = config["SECRET_KEY_FALLBACKS"]
    if keys is None:
        return
    if not isinstance(keys, list) or not all(isinstance(key, str) and key.strip() for key in keys):
        refuse_setting("FLASK_SECRET_KEY_FALLBACKS is not a list of keys: write '[\"the earlier key\"]'.")


def _check_times(config: Config) -> None:
    if config["ONLINE_KEEP_MINUTES"] is None:
        config["ONLINE_KEEP_MINUTES"] = config["ONLINE_MINUTES"]
    for name in ("ONLINE_MINUTES", "ONLINE_KEEP_MINUTES"):
        if not _is_number(config[name], SMALLEST_WINDOW_MINUTES, LARGEST_WINDOW_MINUTES):
            refuse_setting(
                f"FLASK_{name} is {config[name]!r}: set it to a number of minutes above 0, such as 5."
            )
    if config["ONLINE_KEEP_MINUTES"] < config["ONLINE_MINUTES"]:
        refuse_setting("FLASK_ONLINE_KEEP_MINUTES is less than FLASK_ONLINE_MINUTES: keep at least as long.")
    window = config["ONLINE_MINUTES"] * MINUTE
    if config["ONLINE_RESOLUTION_SECONDS"] is None:
        config["ONLINE_RESOLUTION_SECONDS"] = min(window.total_seconds() / 10, 30)
    resolution = config["ONLINE_RESOLUTION_SECONDS"]
    if not _is_number(resolution, 0, LONGEST_SECONDS) or timedelta(seconds=resolution) >= window:
        refuse_setting(
            f"FLASK_ONLINE_RESOLUTION_SECONDS is {resolution!r}: set it to a number of seconds, 0 or more, "
            f"and less than the window's {window.total_seconds():g}."
        )
    age = config["TOKEN_MAX_AGE_SECONDS"]
    if not _is_number(age, 1, LONGEST_SECONDS):
        refuse_setting(f"FLASK_TOKEN_MAX_AGE_SECONDS is {age!r}: set it to a number of seconds from 1 on.")


def _is_number(value: object, least: float, most: float) -> bool:
    """Whether a value is a number in that range; True does not count, although in Python it is an int."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _check_key_prefix(config: Config) -> None:
    prefix = config["ONLINE_KEY_PREFIX"]
    if not isinstance(prefix, str) or not prefix.strip() or not prefix.isprintable():
        refuse_setting(f"FLASK_ONLINE_KEY_PREFIX is {prefix!r}: set it to a name of this app's own.")


def _check_cluster(config: Config) -> None:
    shards = config["ONLINE_SHARDS"]
    if not isinstance(shards, int) or not _is_number(shards, 1, MOST_SHARDS):
        refuse_setting(
            f"FLASK_ONLINE_SHARDS is {shards!r}: set it to a number of sorted sets, 1 to {MOST_SHARDS}."
        )
    if not isinstance(config["REDIS_CLUSTER"], bool):
        refuse_setting(f"FLASK_REDIS_CLUSTER is {config['REDIS_CLUSTER']!r}: set it to true or false.")


def _fill_engine_options(config: Config) -> None:
    """Add our engine options; where the deployer has set the same one, the deployer's is used."""
    given = config["SQLALCHEMY_ENGINE_OPTIONS"]
    if not isinstance(given, Mapping):
        refuse_setting(
            'FLASK_SQLALCHEMY_ENGINE_OPTIONS is not a JSON object: write one, such as {"pool_size": 5}.'
        )
    ours: dict[str, Any] = {"hide_parameters": True}  # no password hash in an error or a log
    if not str(config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite"):
        # Marks commit apart: under REPEATABLE READ, MariaDB would refuse the view's own UPDATE of that user.
        ours["isolation_level"] = "READ COMMITTED"
        ours["pool_pre_ping"] = True  # no request fails for a connection from before the server's restart
    config["SQLALCHEMY_ENGINE_OPTIONS"] = {**ours, **given}
