"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import step2_database.utc_datetime  # noqa: F401  # a revision may name its UtcDateTime

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Change the tables."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Change them back."""
    ${downgrades if downgrades else "pass"}
