"""How much of a page of yours does a mark take? Compares it with and without, in rounds that take turns.

    python -m tools.overhead yourapp:create_app /shelf --sign-in /login email=ann@example.org password=secret
    python -m tools.overhead yourapp:app /news --basic ann:secret

Run it where your app can be imported (PYTHONPATH=. names the current folder). No server is needed: it asks
the app in this process. Real requests take longer on their way, so the share of a mark is smaller for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Authorization
from werkzeug.utils import import_string


class Overhead(NamedTuple):
    """Seconds a request, of each round."""

    unmarked: list[float]
    marked: list[float]

    def __str__(self) -> str:
        shares = [1 - without / marked for without, marked in zip(*self, strict=True)]
        low, middle, high = quantiles(shares, n=4)
        return (
            f"without a mark  {_shown(self.unmarked)}\n"
            f"with a mark     {_shown(self.marked)}\n"
            f"its share       {middle:.1%} ({low:.1%} to {high:.1%})"
        )


def _shown(times: Sequence[float]) -> str:
    low, _, high = quantiles(times, n=4)
    return f"{median(times) * 1e6:,.0f} µs a request ({low * 1e6:,.0f} to {high * 1e6:,.0f})"


def measure(client: FlaskClient, path: str, rounds: int, requests: int) -> Overhead:
    """Ask for the page by turns without and with marks. SystemExit: it is no page, or marks nobody."""
    presence = client.application.extensions.get("presence")
    if presence is None:
        sys.exit("This app has no presence: call init_app() of presence.py where it is made.")
    users: list[object] = []
    record = presence.record
    presence.record = users.append
    status = client.get(path).status_code
    if status != 200:
        sys.exit(f"{path} answers {status}, and not 200: name a page, and sign in by --sign-in or --basic.")
    if not users:
        sys.exit(f"{path} marks nobody: name a page for which your app looks up who asks.")
    times = Overhead([], [])
    for _ in range(rounds):
        for kept, mark in ((times.unmarked, users.append), (times.marked, record)):
            presence.record = mark
            began = perf_counter()
            for _ in range(requests):
                client.get(path)
            kept.append((perf_counter() - began) / requests)
    return times


def app_named(name: str) -> Flask:
    """Import an app, or call the function that makes it. SystemExit: there is none of this name."""
    try:
        found = import_string(name)
    except ImportError as error:
        sys.exit(f"{name} cannot be imported ({error}): write module:app or module:create_app.")
    app = found() if callable(found) and not isinstance(found, Flask) else found
    if not isinstance(app, Flask):
        sys.exit(f"{name} is no Flask app and makes none: write module:app or module:create_app.")
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line names, and print three lines."""
    about = "Compare a page of your app with and without the mark."
    parser = argparse.ArgumentParser(prog="python -m tools.overhead", description=about)
    parser.add_argument("app", help="module:app, or module:create_app")
    parser.add_argument("path", help="the page, such as /shelf")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--basic", metavar="NAME:PASSWORD", help="send these with each request")
    how.add_argument("--sign-in", nargs="+", metavar=("PATH", "FIELD=VALUE"), help="send this form first")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--requests", type=int, default=50, help="in each round")
    asked = parser.parse_args(arguments)
    client = app_named(asked.app).test_client()
    if asked.basic:
        name, _, password = asked.basic.partition(":")
        credentials = Authorization("basic", {"username": name, "password": password})
        client.environ_base["HTTP_AUTHORIZATION"] = credentials.to_header()
    elif asked.sign_in:
        path, *fields = asked.sign_in
        client.post(path, data=dict(field.split("=", 1) for field in fields))
    print(measure(client, asked.path, asked.rounds, asked.requests))


if __name__ == "__main__":
    main()
