"""Give the users' table of step 1 the column last_seen, and its index.

NULL for all who are there: nobody has been seen yet.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from sqlalchemy.dialects import mysql

revision = "0001_last_seen"
down_revision = None

# as the model had it on that day: a revision does not change with the code
UTC_DATE_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Add what is missing; a table that init-db has made is whole already."""
    there = sa.inspect(op.get_bind())
    if not there.has_table("users"):
        raise CommandError("There is no table users here: run init-db, or name the database that has it.")
    if "last_seen" not in {column["name"] for column in there.get_columns("users")}:
        op.add_column("users", sa.Column("last_seen", UTC_DATE_TIME))
    if "ix_users_last_seen" not in {index["name"] for index in there.get_indexes("users")}:
        op.create_index("ix_users_last_seen", "users", ["last_seen"])


def downgrade() -> None:
    """Forget when anyone was seen."""
    op.drop_index("ix_users_last_seen", "users")
    op.drop_column("users", "last_seen")
