"""The users of step 3: accounts, and nothing about presence."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from common.accounts import Account


class Base(DeclarativeBase):
    """What the tables of this step have in common."""


db = SQLAlchemy(model_class=Base)


class User(Account, Base):
    """Somebody who can sign in."""

    __tablename__ = "users"
