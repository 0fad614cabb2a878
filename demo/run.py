"""run_demo(): what `python stepN_x/app.py` does beyond create_app()."""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.serving import make_server

from common.accounts import add_account, create_tables, find_by_name
from demo import page
from demo.page import Declared, Words

ACCOUNTS = ("alice", "bob", "carol")
PASSWORD = "demo"  # noqa: S105
LAST_PORT = 65535


def run_demo(
    create_app: Callable[[Mapping[str, Any]], Flask],
    step: str,
    port: int,
    *,
    remembers: Words,
    mark: str,
    in_earnest: Declared | None = None,
) -> None:
    """Serve one step to its reader on 127.0.0.1, with a page, and accounts in a database of its own.

    remembers: a sentence in English and in Chinese that says where the step remembers who was last seen.
    mark: how the step writes a mark down, as in demo.page.Demo.
    in_earnest: the tracker that this one stands for, if it is only for trying.
    """
    parser = argparse.ArgumentParser(description=f"Run {step} on 127.0.0.1, with accounts to try it.")
    # the default is text too: argparse then checks it like an argument
    parser.add_argument("--port", type=port_number, default=os.environ.get("PORT", str(port)))
    asked = parser.parse_args()

    app = create_app(demo_settings(step))
    # kept beside the database, so that tokens outlive a restart
    app.config["SECRET_KEY"] = read_or_make_key(Path(app.instance_path) / f"{step}-demo.key")
    page.init_app(app, remembers, dict.fromkeys(ACCOUNTS, PASSWORD), mark=mark, in_earnest=in_earnest)
    with app.app_context():
        make_accounts()

    server = make_server("127.0.0.1", asked.port, app, threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    curl = "curl.exe" if os.name == "nt" else "curl"  # PowerShell 5's own curl is not curl
    print(
        f"{step}: {url}/  (Ctrl+C ends it)\n"
        f"{remembers.english}\n"
        f"Accounts: {', '.join(ACCOUNTS)}; password: {PASSWORD}. Sign in from a second terminal:\n"
        f"    {curl} -u {ACCOUNTS[0]}:{PASSWORD} -X POST {url}/api/tokens",
        flush=True,
    )
    server.serve_forever()


def make_accounts() -> None:
    """Create the tables and the accounts; another demo, started at the same moment, may be doing so too."""
    try:
        create_tables()
    except OperationalError:  # the other one has made a table since we looked
        create_tables()
    for name in ACCOUNTS:
        if find_by_name(name) is None:
            with suppress(ValueError):  # the other one has made the account since we looked
                add_account(name, PASSWORD)


def demo_settings(step: str) -> dict[str, Any]:
    """Return the settings of a step's demo; the environment may change `defaults`, but not `fixed`."""
    fixed = {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{step}-demo.sqlite",
        "SQLALCHEMY_ENGINE_OPTIONS": {},  # those of a deployment are for another database
        "SECRET_KEY": secrets.token_hex(),  # a placeholder: run_demo() replaces it by the key in the file
    }
    defaults = {
        "ONLINE_RESOLUTION_SECONDS": 0,  # each request shows at once
        "ONLINE_KEY_PREFIX": f"{step}-demo",  # nothing that is tried here counts in production
    }
    return fixed | {name: value for name, value in defaults.items() if f"FLASK_{name}" not in os.environ}


def port_number(text: str) -> int:
    """Return the port; ArgumentTypeError for anything but 0 (any free one) to 65535."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to {LAST_PORT}")
    return int(text)


def read_or_make_key(path: Path) -> str:
    """Return the secret key in the file; the first run makes it, and of several at once only one does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.read_text(encoding="utf-8").strip():
        path.unlink()  # a crash has left it empty
    if not path.exists():
        with NamedTemporaryFile(
            "w", dir=path.parent, encoding="utf-8"
        ) as whole:  # readable by its owner only
            whole.write(secrets.token_hex())
            whole.flush()
            with suppress(FileExistsError):
                os.link(whole.name, path)  # unlike a rename, this replaces no key that another demo has made
    return path.read_text(encoding="utf-8").strip()
