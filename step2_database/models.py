"""The users of step 2: accounts, and when each was last seen."""

from __future__ import annotations

from datetime import datetime

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.accounts import Account
from step2_database.utc_datetime import UtcDateTime


class Base(DeclarativeBase):
    """What the tables of this step have in common."""


db = SQLAlchemy(model_class=Base)


class User(Account, Base):
    """Somebody who can sign in."""

    __tablename__ = "users"

    last_seen: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)  # NULL: never seen
