"""The users' own table: Account, its password, and the commands init-db and create-user."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import String, inspect, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, scoped_session
from werkzeug.security import check_password_hash, generate_password_hash

NAME_LENGTH = 80


class Account:
    """The columns that a user has in every step; a step's User adds its own."""

    @declared_attr.directive
    def __table_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"sqlite_autoincrement": True}  # the id of a deleted user is never given to another

    # sort_order: before the columns that a step adds
    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True, sort_order=-1)
    password_hash: Mapped[str] = mapped_column(String(255), sort_order=-1)
    active: Mapped[bool] = mapped_column(default=True, sort_order=-1)

    def set_password(self, password: str) -> None:
        """Keep a salted hash of the password, by the method of the setting PASSWORD_HASH_METHOD."""
        self.password_hash = generate_password_hash(password, current_app.config["PASSWORD_HASH_METHOD"])

    @property
    def password_stamp(self) -> str:
        """Changes with the password and gives nothing of it away: it ties a token to the password."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


def password_matches(account: Account | None, password: str) -> bool:
    """Check a password, as slowly for no account as for one, so that the time gives no name away."""
    stored = account.password_hash if account else current_app.extensions["dummy_password_hash"]
    matches = check_password_hash(stored, password)  # first, so that every refusal takes as long
    return matches and account is not None and "\0" not in password  # to scrypt, demo\0 is the same as demo


def find_by_name(name: str) -> Account | None:
    """Return the account of that name; None for a name that no database could hold."""
    if "\0" in name or len(name) > NAME_LENGTH:
        return None
    user = user_model()
    return db_session().scalar(select(user).where(user.name == name))


def find_by_id(account_id: int) -> Account | None:
    """Return the account with that id."""
    return db_session().get(user_model(), account_id)


def names_of(ids: list[int]) -> dict[int, str]:
    """Return id -> name of the accounts that still exist."""
    user = user_model()
    rows = db_session().execute(select(user.id, user.name).where(user.id.in_(ids)))
    return {row.id: row.name for row in rows}


def user_model() -> type[Account]:
    """Return the current app's User."""
    model: type[Account] = current_app.extensions["user_model"]
    return model


def db_session() -> scoped_session[Session]:
    """Return the session of the current request, or command."""
    session: scoped_session[Session] = current_app.extensions["sqlalchemy"].session
    return session


def create_tables() -> None:
    """Create the tables that do not exist yet; on SQLite also let readers and a writer work side by side."""
    db = current_app.extensions["sqlalchemy"]
    db.create_all()
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode=WAL"))  # the file remembers it


def add_account(name: str, password: str) -> None:
    """Create an account. ValueError: a name or password that cannot be used, or a name that is taken.

    HTTP Basic ends the name at the first colon, so a name may have none.
    """
    if not name.strip() or len(name) > NAME_LENGTH or ":" in name or not name.isprintable():
        raise ValueError(f"A name has 1 to {NAME_LENGTH} printable characters and no colon.")
    if not password or not password.isprintable():
        raise ValueError("A password has 1 or more printable characters.")
    account = user_model()(name=name)  # type: ignore[call-arg]  # the step's User is a mapped class
    account.set_password(password)
    db_session().add(account)
    try:
        db_session().commit()
    except IntegrityError as error:
        db_session().rollback()
        raise ValueError(f"The name {name} is taken: choose another.") from error


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Create the tables that do not exist yet."""
    try:
        create_tables()
        missing = _missing_columns()
    except DatabaseError as error:
        raise click.ClickException(f"The database cannot be used, check its address: {error.orig}") from error
    if missing:
        raise click.ClickException(
            f"Migrate the database, it lacks {', '.join(missing)}: "
            "creating tables adds no column to one that exists."
        )
    click.echo("The tables are ready.")


def _missing_columns() -> list[str]:
    db = current_app.extensions["sqlalchemy"]
    missing = []
    for table in db.metadata.sorted_tables:
        there = {column["name"] for column in inspect(db.engine).get_columns(table.name)}
        missing += [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]
    return missing


@click.command("create-user")
@click.argument("name")
@with_appcontext
def create_user(name: str) -> None:
    """Create an account; its password is asked for, or read from standard input."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        add_account(name, password)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except DatabaseError as error:
        raise click.ClickException(
            f"Run init-db first, or check the database's address; the users cannot be written: {error.orig}"
        ) from error
    click.echo(f"Created {name}.")
