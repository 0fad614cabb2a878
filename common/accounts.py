"""The users' own table: Account, its password, and how an account is found."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, String, select
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, scoped_session
from werkzeug.security import check_password_hash, generate_password_hash

from common.settings import refuse_setting

NAME_LENGTH = 80


class Account:
    """The columns that a user has in every step; a step's User adds its own."""

    @declared_attr.directive
    def __table_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"sqlite_autoincrement": True}  # the id of a deleted user is never given to another

    # sort_order puts these columns before those that a step adds
    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True, sort_order=-1)
    password_hash: Mapped[str] = mapped_column(String(255), sort_order=-1)
    active: Mapped[bool] = mapped_column(default=True, sort_order=-1)

    def set_password(self, password: str) -> None:
        """Keep a salted hash of the password, by the method of the setting PASSWORD_HASH_METHOD."""
        self.password_hash = generate_password_hash(password, current_app.config["PASSWORD_HASH_METHOD"])

    @property
    def password_stamp(self) -> str:
        """A short text that changes with the password, and from which the password cannot be guessed.

        A token carries it, so that a new password ends all earlier tokens.
        """
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


class Accounts(NamedTuple):
    """What one app knows about its accounts."""

    user_model: type[Account]
    dummy_hash: str  # checked when the name is unknown, so that the answer takes as long as for a known one


def init_app(app: Flask, db: SQLAlchemy, user_model: type[Account]) -> None:
    """Connect the app to its users' table; opens no connection. SystemExit: a setting that cannot be used."""
    try:
        db.init_app(app)
        with app.app_context():
            if "@" in (db.engine.url.host or ""):
                raise ValueError("a password with an @ in it")
            level = app.config["SQLALCHEMY_ENGINE_OPTIONS"].get("isolation_level")
            known = db.engine.dialect.get_isolation_level_values(None)  # type: ignore[arg-type]  # asks no server
            if level is not None and str(level).upper().replace("_", " ") not in known:
                raise TypeError(f"isolation_level {level!r} is none of {', '.join(known)}")
    except ValueError:  # its text may hold a part of the password
        refuse_setting(
            "FLASK_SQLALCHEMY_DATABASE_URI names no usable database: percent-encode the password in it"
        )
    except (ArgumentError, AttributeError, ImportError, OSError, RuntimeError, TypeError) as error:
        refuse_setting(
            f"FLASK_SQLALCHEMY_DATABASE_URI, with its ENGINE_OPTIONS, names no usable database: {error}"
        )
    try:
        dummy_hash = generate_password_hash(secrets.token_hex(), app.config["PASSWORD_HASH_METHOD"])
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        refuse_setting(f"FLASK_PASSWORD_HASH_METHOD is not a method of werkzeug's: {error}")
    app.extensions["accounts"] = Accounts(user_model, dummy_hash)


def current_accounts() -> Accounts:
    """Return what the current app knows about its accounts."""
    accounts: Accounts = current_app.extensions["accounts"]
    return accounts


def password_matches(account: Account | None, password: str) -> bool:
    """Check a password; an unknown name takes as long, so that the time does not tell which names exist."""
    stored = account.password_hash if account else current_accounts().dummy_hash
    matches = check_password_hash(stored, password)
    # Looked at after the hash, so that each refusal takes equally long. To scrypt, "demo\0" is "demo".
    return matches and account is not None and "\0" not in password


def find_by_name(name: str) -> Account | None:
    """Return the account of that name; None for a name that no database could hold."""
    if "\0" in name or len(name) > NAME_LENGTH:
        return None
    user = current_accounts().user_model
    return db_session().scalar(select(user).where(user.name == name))


def find_by_id(account_id: int) -> Account | None:
    """Return the account with that id."""
    return db_session().get(current_accounts().user_model, account_id)


def names_by_id(ids: list[int]) -> dict[int, str]:
    """Return id -> name for those of the ids whose accounts still exist."""
    user = current_accounts().user_model
    rows = db_session().execute(select(user.id, user.name).where(user.id.in_(ids)))
    return {row.id: row.name for row in rows}


def db_session() -> scoped_session[Session]:
    """Return the session of the current request, or command."""
    session: scoped_session[Session] = current_app.extensions["sqlalchemy"].session
    return session


def create_tables() -> None:
    """Create the tables that do not exist yet; on SQLite also let readers and a writer work side by side."""
    db = current_app.extensions["sqlalchemy"]
    _keep_private(db.engine.url)
    db.create_all()
    if db.engine.dialect.name == "sqlite":
        # Past SQLAlchemy, which an app may have told to begin a transaction, where this cannot be set.
        with closing(db.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA journal_mode=WAL")  # the file remembers it


def _keep_private(url: URL) -> None:
    """Make a new SQLite file one that only its owner can read, since it holds the password hashes."""
    file = Path(url.database or ":memory:")
    if url.get_backend_name() == "sqlite" and file.is_absolute() and not file.exists():
        if file.parent == Path(current_app.instance_path):
            file.parent.chmod(0o700)
        file.touch(mode=0o600)


def add_account(name: str, password: str) -> None:
    """Create an account. ValueError: a name or password that cannot be used, or a name that is taken.

    HTTP Basic ends the name at the first colon, so a name may have none.
    """
    if not name.strip() or len(name) > NAME_LENGTH or ":" in name or not name.isprintable():
        raise ValueError(f"A name has 1 to {NAME_LENGTH} printable characters and no colon.")
    if not password or not password.isprintable():
        raise ValueError("A password has 1 or more printable characters.")
    account = current_accounts().user_model(name=name)  # type: ignore[call-arg]  # a step's User is mapped
    account.set_password(password)
    db_session().add(account)
    try:
        db_session().commit()
    except IntegrityError as error:
        db_session().rollback()
        raise ValueError(f"The name {name} is taken: choose another.") from error
