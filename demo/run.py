"""run_demo(): what `python stepN_x/app.py` does beyond create_app()."""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from common.accounts import add_account, create_tables, find_by_name

ACCOUNTS = ("alice", "bob", "carol")
LAST_PORT = 65535
PASSWORD = "demo"  # noqa: S105


def run_demo(create_app: Callable[[Mapping[str, Any]], Flask], step: str, port: int, remembers: str) -> None:
    """Serve one step to its reader on 127.0.0.1, with accounts in a database of its own."""
    parser = argparse.ArgumentParser(description=f"Run {step} on 127.0.0.1, with accounts to try it.")
    # the default is text too: argparse then checks it like an argument
    parser.add_argument("--port", type=port_number, default=os.environ.get("PORT", str(port)))
    asked = parser.parse_args()
    # so that each request shows at once, and nothing tried here counts in production
    os.environ.setdefault("FLASK_ONLINE_RESOLUTION_SECONDS", "0")
    os.environ.setdefault("FLASK_ONLINE_KEY_PREFIX", f"{step}-demo")

    instance = Path(Flask(step).instance_path)  # create_app() needs the key that is kept there
    instance.mkdir(parents=True, exist_ok=True)
    app = create_app({
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{step}-demo.sqlite",
        "SECRET_KEY": kept_secret(instance / f"{step}-demo.key"),
    })  # fmt: skip
    app.extensions["demo_accounts"] = dict.fromkeys(ACCOUNTS, PASSWORD)  # the page offers them
    with app.app_context():
        create_tables()
        for name in ACCOUNTS:
            if find_by_name(name) is None:
                add_account(name, PASSWORD)

    server = make_server("127.0.0.1", asked.port, app, threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    curl = "curl.exe" if os.name == "nt" else "curl"  # PowerShell 5's own curl is not curl
    print(
        f"{step}: {url}/  (Ctrl+C ends it)\n"
        f"Who is online is remembered {remembers}.\n"
        f"Accounts: {', '.join(ACCOUNTS)}; password: {PASSWORD}. Sign in from a second terminal:\n"
        f"    {curl} -u {ACCOUNTS[0]}:{PASSWORD} -X POST {url}/api/tokens",
        flush=True,
    )
    server.serve_forever()


def port_number(text: str) -> int:
    """Return the port; ArgumentTypeError for anything but 0 (any free one) to 65535."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to {LAST_PORT}")
    return int(text)


def kept_secret(path: Path) -> str:
    """Return the secret in the file, made on the first run: tokens outlive a restart."""
    path.touch(mode=0o600)
    secret = path.read_text(encoding="utf-8")
    if not secret:
        secret = secrets.token_hex()
        path.write_text(secret, encoding="utf-8")
    return secret
