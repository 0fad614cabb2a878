"""The deployer's commands: flask --app step1_dict.app init-db, and create-user NAME."""

from __future__ import annotations

import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError

from common.accounts import add_account, create_tables


def init_app(app: Flask) -> None:
    """Give the app its commands."""
    app.cli.add_command(init_db)
    app.cli.add_command(create_user)


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Create the tables that do not exist yet."""
    try:
        create_tables()
        missing = missing_columns()
    except DatabaseError as error:
        raise click.ClickException(f"The database cannot be used, check its address: {error.orig}") from error
    except (LookupError, OSError, TypeError, ValueError) as error:  # of the driver, before it connects
        raise click.ClickException(
            "The database cannot be used, check the options of its address and the ENGINE_OPTIONS: "
            f"{type(error).__name__}"
        ) from error
    if missing:
        raise click.ClickException(
            f"Migrate the database, it lacks {', '.join(missing)}: "
            "creating tables adds no column to one that exists."
        )
    click.echo("The tables are ready.")


def missing_columns() -> list[str]:
    """Return table.column for each column that the models have and the database has not."""
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
    if sys.stdin is None:  # it is closed
        raise click.ClickException("Standard input is closed: type the password, or give it there.")
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
