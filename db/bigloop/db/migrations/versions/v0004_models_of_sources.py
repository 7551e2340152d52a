"""Models of sources, beside the one predictor of a campaign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add columns; the models that are there already are predictors."""
    source = sa.Column("source", sa.Text, nullable=False, server_default="")
    seen = sa.Column("seen", sa.Integer, nullable=False, server_default="0")
    op.add_column("models", source)
    op.add_column("models", seen)
