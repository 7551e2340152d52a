"""What a rejection is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add a column; a rejection that is there already was not asked about it."""
    op.add_column("trials", sa.Column("because", sa.Text, nullable=True))
