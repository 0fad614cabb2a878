"""An app with the standard library's sqlite3 alone: a factory, a blueprint, and rows instead of models."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, session
from flask.typing import ResponseReturnValue
from online import get_online, init_online, record
from werkzeug.security import check_password_hash

SCHEMA = "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, password_hash TEXT NOT NULL)"
diary = Blueprint("diary", __name__)


def get_db() -> sqlite3.Connection:
    """Return this request's connection, whose rows have names."""
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    db: sqlite3.Connection = g.db
    return db


def close_db(_error: BaseException | None) -> None:
    """Close it, if the request has asked for one."""
    if "db" in g:
        g.pop("db").close()


@diary.before_app_request
def load_user() -> None:
    """Find out, before each request, who has signed in."""
    g.user = None
    if "user_id" in session:
        g.user = get_db().execute("SELECT * FROM user WHERE id = ?", (session["user_id"],)).fetchone()
    if g.user is not None and request.endpoint not in (None, "static"):  # no 404, no picture
        record(g.user)


@diary.post("/login")
def login() -> ResponseReturnValue:
    """Begin a session."""
    name, password = request.form["name"], request.form["password"]
    user = get_db().execute("SELECT * FROM user WHERE name = ?", (name,)).fetchone()
    if user is None or not check_password_hash(user["password_hash"], password):
        abort(401)
    session.clear()
    session["user_id"] = user["id"]
    return redirect("/diary")


@diary.get("/diary")
def read() -> str:
    """Show whose diary it is."""
    if g.user is None:
        abort(401)
    return f"The diary of {g.user['name']}."


@diary.get("/online")
def online() -> str:
    """Count who is writing; 503 while nobody knows."""
    return str(get_online())


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config.from_mapping(DATABASE=str(Path(app.instance_path) / "diary.sqlite"))
    app.config.from_prefixed_env()
    Path(app.instance_path).mkdir(exist_ok=True)
    app.teardown_appcontext(close_db)
    app.register_blueprint(diary)
    app.cli.command("init-db")(lambda: get_db().executescript(SCHEMA))
    init_online(app)
    return app
