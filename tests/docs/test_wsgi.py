"""docs/wsgi.py: what an app behind one proxy believes of what a request says about itself."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask, request


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The app of the page, with a view that tells how a request looks to it."""
    monkeypatch.setenv("FLASK_SECRET_KEY", "a test's own key")
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path}/users.sqlite")
    monkeypatch.setenv("FLASK_REDIS_URL", "redis://127.0.0.1:1/0")  # nothing listens there
    monkeypatch.delitem(sys.modules, "docs.wsgi", raising=False)
    app: Flask = import_module("docs.wsgi").app
    app.add_url_rule(
        "/seen", view_func=lambda: [request.remote_addr, request.scheme, request.host, request.script_root]
    )
    return app


def seen(app: Flask, **headers: str) -> object:
    """Send a request from the proxy with these headers, and return how the app sees it."""
    return (
        app.test_client()
        .get("/seen", headers={name.replace("_", "-"): headers[name] for name in headers})
        .json
    )


def test_one_proxy_is_believed_and_only_about_the_address_and_the_scheme(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/seen").json == ["127.0.0.1", "http", "localhost", ""]
    headers = {
        "X-Forwarded-For": "198.51.100.1, 198.51.100.2, 203.0.113.7",  # what it was told, and whom it saw
        "X-Forwarded-Proto": "gopher, https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "8443",
        "X-Forwarded-Prefix": "/evil",
    }
    assert client.get("/seen", headers=headers).json == ["203.0.113.7", "https", "localhost", ""]
