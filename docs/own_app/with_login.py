"""An app with Flask-Login: a factory, a blueprint, sessions in a cookie, and keys for programs."""

from __future__ import annotations

from hashlib import sha256

from flask import Blueprint, Flask, Request, abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from online import get_online, init_online, record
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash


class Base(DeclarativeBase):
    """The tables."""


db = SQLAlchemy(model_class=Base)
login_manager = LoginManager()
library = Blueprint("library", __name__)


class Reader(UserMixin, Base):  # type: ignore[misc]
    """Somebody who borrows books."""

    __tablename__ = "readers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    key_hash: Mapped[str | None] = mapped_column(unique=True)  # of the key that a reader's programs send


@login_manager.user_loader
def load_reader(reader_id: str) -> Reader | None:
    """Fetch whoever the session names; Flask-Login asks once a request, when the user is first needed."""
    reader = db.session.get(Reader, int(reader_id))
    if reader is not None and reader.is_active:  # Flask-Login asks for those who may not come in, too
        record(reader)
    return reader


@login_manager.request_loader
def load_reader_of(request: Request) -> Reader | None:
    """Fetch whose key it is; Flask-Login asks this where the session names nobody."""
    key_hash = sha256(request.headers.get("X-Key", "").encode()).hexdigest()
    reader = db.session.scalar(select(Reader).filter_by(key_hash=key_hash))
    if reader is not None and reader.is_active:
        record(reader)
    return reader


@library.post("/login")
def login() -> ResponseReturnValue:
    """Begin a session."""
    reader = db.session.scalar(select(Reader).filter_by(email=request.form["email"]))
    if reader is None or not check_password_hash(reader.password_hash, request.form["password"]):
        abort(401)
    login_user(reader)
    return redirect("/shelf")


@library.get("/shelf")
@login_required
def shelf() -> dict[str, str]:
    """Show whose shelf it is."""
    return {"shelf": current_user.email}


@library.get("/online")
def online() -> dict[str, int]:
    """Count the readers online; 503 while nobody knows."""
    return {"online": get_online()}


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    db.init_app(app)
    login_manager.init_app(app)
    app.register_blueprint(library)
    init_online(app)
    return app
