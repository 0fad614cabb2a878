"""Runs the revisions in versions/ on the app's own database: flask --app step2_database.app db upgrade."""

from __future__ import annotations

from alembic import context
from alembic.util import CommandError
from flask import current_app

if context.is_offline_mode():
    raise CommandError("The revisions look at the tables before they change them: leave out --sql.")

db = current_app.extensions["sqlalchemy"]
with db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=db.metadata)
    with context.begin_transaction():
        context.run_migrations()
