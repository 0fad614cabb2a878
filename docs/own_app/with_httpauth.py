"""An app with Flask-HTTPAuth: everything stands at module level."""

from __future__ import annotations

from flask import Flask
from flask_httpauth import HTTPBasicAuth
from flask_sqlalchemy import SQLAlchemy
from online import init_online
from presence import get_online, record
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash


class Base(DeclarativeBase):
    """The tables."""


app = Flask(__name__)
app.config.from_prefixed_env()
db = SQLAlchemy(app, model_class=Base)
auth = HTTPBasicAuth()


class Member(Base):
    """Somebody who reads the news here."""

    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]


@auth.verify_password
def verify_password(name: str, password: str) -> Member | None:
    """Let a member in."""
    member = db.session.scalar(select(Member).filter_by(name=name))
    if member is None or not check_password_hash(member.password_hash, password):
        return None
    record(member)
    return member


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
