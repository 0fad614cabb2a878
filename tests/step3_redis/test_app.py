"""The settings reach the tracker and the client, and apps do not mix."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask

from step3_redis.app import create_app
from tests.helpers.apps import QUICK_HASH, token_of
from tests.helpers.redis_server import RedisServer
from tests.helpers.started_steps import ROOT
from tests.helpers.users import ALICE
from tests.step3_redis.conftest import tracker_of

MakeApp = Callable[..., Flask]
KEY = {"SECRET_KEY": "a test's own key", "PASSWORD_HASH_METHOD": QUICK_HASH}


@pytest.mark.parametrize(
    ("shards", "key"), [(1, "shop:last-seen"), (2, "shop:1:last-seen"), (12, "shop:11:last-seen")]
)
def test_the_settings_are_the_windows_and_the_keys(
    make_app: MakeApp, own_server: RedisServer, shards: int, key: str
) -> None:
    settings = {"ONLINE_MINUTES": 2, "ONLINE_KEEP_MINUTES": 60, "ONLINE_KEY_PREFIX": "shop"}
    app = make_app(own_server.url, **settings, ONLINE_SHARDS=shards)
    token_of(app, "alice")
    assert app.test_client().get("/api/online").json == {"online": 1, "minutes": 2, "resolution_seconds": 0}
    assert app.test_client().get("/api/online?minutes=60").status_code == 200
    assert app.test_client().get("/api/online?minutes=60.001").status_code == 400
    assert tracker_of(app).keep == timedelta(hours=1)
    with own_server.client() as client:
        assert client.keys("*") == [key]


def test_both_ways_to_run_it_find_the_same_instance_folder_and_show_the_steps_name() -> None:
    app = create_app(KEY | {"SQLALCHEMY_DATABASE_URI": "sqlite://"}, embedded=True)
    assert (app.name, Path(app.instance_path)) == ("step3_redis", ROOT / "instance")


def test_two_embedded_apps_do_not_mix() -> None:
    one, other = (create_app(KEY | {"SQLALCHEMY_DATABASE_URI": "sqlite://"}, embedded=True) for _ in range(2))
    tracker_of(one).mark_online(ALICE)
    assert (tracker_of(one).get_online(), tracker_of(other).get_online()) == (1, 0)


@pytest.mark.parametrize("shards", [1, 12])
def test_what_is_embedded_declares_that_it_is_neither_shared_nor_kept(shards: int) -> None:
    address = {"SQLALCHEMY_DATABASE_URI": "sqlite://", "REDIS_URL": "redis://127.0.0.1:1"}
    settings = KEY | address | {"ONLINE_SHARDS": shards}
    embedded, real = create_app(settings, embedded=True), create_app(settings)
    for app, is_real in ((embedded, False), (real, True)):
        declared = tracker_of(app).survives_restart, tracker_of(app).shared_between_processes
        assert declared == (is_real, is_real)


@pytest.mark.parametrize("address", [None, ""])
def test_without_an_address_nothing_is_embedded_but_the_start_ends(
    address: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        create_app(KEY | {"REDIS_URL": address})
    assert capsys.readouterr().err == (
        "FLASK_REDIS_URL is not set: name a Redis, such as redis://127.0.0.1:6379/0.\n"
    )


# the name of an error in the brackets, and nothing of the address
REFUSAL = (
    r"FLASK_REDIS_URL names no usable Redis \([A-Za-z]+Error\): write redis://host:6379/0, "
    r"and percent-encode the password in it\.\n"
)


@pytest.mark.parametrize(
    "address",
    [
        5,
        "127.0.0.1:6379",
        "http://127.0.0.1",
        "redis://host:port",
        "redis://host/X",
        "redis://host/0.",
        "redis://:pass/word@host",
        "redis://:#pass@host/0",
        "redis://:pass?word@host/0",
        "redis://:p\udcffss@host/0",
        "redis://:6379#pass@host/0",
        "redis://:6379?pass@host/0",
        "redis://:12#34pass@host/0",
        "redis://:12?34pass@host/0",
        "redis://app:12#pass@host/0",
        "redis://app:12/pass@host/0",
        "redis://app:?pass@host/0",
        "redis://app:12?username=pass@host/0",
        "redis://host/1/2",
        "redis://host:0/0",
        "redis://host?socket_timeout=-1",
        "redis://host?socket_timeout=0",
        "redis://host?socket_timeout=60.1",
        "redis://host?socket_timeout=nan",
        "redis://host?socket_connect_timeout=1e20",
        "redis://host?socket_type=1",
        "redis://host?retry_on_error=ConnectionError",
        "redis://host?credential_provider=x",
        "redis://",
        "redis://host?no_such=1",
        "redis://host?no_such",
        "redis://host?ssl_cert_reqs=none",
        "redis://host?encoding=nope",
        "redis://host?protocol=9",
        "redis://a..b",
        "rediss://host?ssl_cert_reqs=bogus",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(
    address: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        create_app(KEY | {"REDIS_URL": address})
    assert re.fullmatch(REFUSAL, capsys.readouterr().err)


@pytest.mark.parametrize(
    "address", ["redis://host/1", "redis://host?db=1", "redis://:s3cret@host:port", "unix:///s3cret.sock"]
)
def test_an_address_that_no_cluster_has_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        create_app(KEY | {"REDIS_URL": address, "REDIS_CLUSTER": True})
    assert re.fullmatch(REFUSAL, capsys.readouterr().err)


def test_what_a_deployer_may_set_in_the_address_reaches_the_client() -> None:
    options = {
        "client_name": "web",
        "decode_responses": "true",  # redis-py takes any text for yes
        "encoding": "latin-1",
        "health_check_interval": 5,
        "max_connections": 7,
        "protocol": 2,
        "socket_connect_timeout": 1,
        "socket_keepalive": False,
        "socket_timeout": 60,
        "ssl_ca_certs": "/ca.pem",
        "ssl_ca_path": "/ca",
        "ssl_cert_reqs": "optional",
        "ssl_certfile": "/own.pem",
        "ssl_check_hostname": False,
        "ssl_keyfile": "/key.pem",
    }
    address = f"rediss://presence:p%2Fw@host:7000/3?{urlencode(options)}"
    app = create_app(KEY | {"REDIS_URL": address, "SQLALCHEMY_DATABASE_URI": "sqlite://"})
    pool = tracker_of(app)._client.connection_pool
    assert pool.max_connections == options.pop("max_connections")
    named = {"username": "presence", "password": "p/w", "host": "host", "port": 7000, "db": 3}
    told = pool.connection_kwargs
    assert {name: told[name] for name in named | options} == named | options


@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1",
        "redis://127.0.0.1/",
        "redis://:p%2Fw@host:1/3",
        "rediss://host/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=1&username=presence&password=p%2Fw",
    ],
)
def test_an_address_that_can_be_used_opens_no_connection_yet(address: str) -> None:
    create_app(KEY | {"REDIS_URL": address, "SQLALCHEMY_DATABASE_URI": "sqlite://"})
