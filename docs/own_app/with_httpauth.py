"""An app with Flask-HTTPAuth, by password or by token: everything stands at module level."""

from __future__ import annotations

from flask import Flask
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import BadData, URLSafeTimedSerializer
from online import get_online, init_online, record
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash


class Base(DeclarativeBase):
    """The tables."""


app = Flask(__name__)
app.config.from_prefixed_env()
db = SQLAlchemy(app, model_class=Base)
passwords, tokens = HTTPBasicAuth(), HTTPTokenAuth()
auth = MultiAuth(passwords, tokens)


class Member(Base):
    """Somebody who reads the news here."""

    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]


@passwords.verify_password
def verify_password(name: str, password: str) -> Member | None:
    """Let a member in."""
    member = db.session.scalar(select(Member).filter_by(name=name))
    if member is None or not check_password_hash(member.password_hash, password):
        return None
    record(member)
    return member


@tokens.verify_token
def verify_token(token: str) -> Member | None:
    """Let in who shows a token of the last hour."""
    try:
        member = db.session.get(Member, signer().loads(token, max_age=3600))
    except BadData:
        return None
    if member is not None:
        record(member)
    return member


def signer() -> URLSafeTimedSerializer:
    """Return what signs tokens."""
    return URLSafeTimedSerializer(str(app.secret_key), salt="token")


@app.post("/tokens")
@passwords.login_required
def token() -> dict[str, str]:
    """Give a member a token for the next requests."""
    return {"token": str(signer().dumps(passwords.current_user().id))}


@app.get("/news")
@auth.login_required
def news() -> dict[str, str]:
    """Greet whoever reads the news."""
    return {"news": f"none, {auth.current_user().name}"}


@app.get("/online")
def online() -> dict[str, int]:
    """Count the members online; 503 while nobody knows."""
    return {"online": get_online()}


init_online(app)
