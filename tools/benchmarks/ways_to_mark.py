"""An app whose requests say how they are to be marked, so that one server measures all ways side by side.

It needs only a step and common/, so it can be copied beside them and served. One request at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from flask import Flask

from common.auth import basic_auth, token_auth
from common.presence import Presence

WAYS = ("unmarked", "marked", "within the resolution")  # a request names one in the header X-Mark
RESOLUTION_SECONDS = 30


class Unmarked(Presence):
    """The same presence, which nobody is added to."""

    def record(self, user: Any) -> None:
        """Mark nobody."""


class WaysToMark:
    """A WSGI app: the step's own, and views that ask who calls and do nothing else."""

    def __init__(self, step: str, config: Mapping[str, Any]) -> None:
        create_app = import_module(f"{step}.app").create_app
        self.app: Flask = create_app({**config, "ONLINE_RESOLUTION_SECONDS": 0})
        other: Flask = create_app({**config, "ONLINE_RESOLUTION_SECONDS": RESOLUTION_SECONDS})
        self.apps = (self.app, other)
        marked, sparing = (app.extensions["presence"] for app in self.apps)
        self.presences = dict(zip(WAYS, (Unmarked(marked.tracker), marked, sparing), strict=True))
        for auth in (token_auth, basic_auth):
            self.app.add_url_rule(f"/{auth.scheme}", auth.scheme, auth.login_required(dict))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        self.app.extensions["presence"] = self.presences[environ["HTTP_X_MARK"]]
        return self.app.wsgi_app(environ, start_response)

    def close(self) -> None:
        """Close all connections to databases."""
        for app in self.apps:
            with app.app_context():
                app.extensions["sqlalchemy"].engine.dispose()
        for presence in self.presences.values():
            for engine in ("_writing", "_reading"):
                if hasattr(presence.tracker, engine):  # step 2 has engines for presence alone
                    getattr(presence.tracker, engine).dispose()


def served() -> WaysToMark:
    """Return the app of the step that the environment names, with the settings there."""
    return WaysToMark(os.environ["STEP"], {})
