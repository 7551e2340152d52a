"""Order, hold and agreement of trials; artifacts; people, tokens and logins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _time(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _TIME, nullable=nullable)


def _seq(name: str = "first_seq") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, autoincrement=False, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def upgrade() -> None:
    """Add columns and tables; what is there stays as it is."""
    _queue()
    _artifacts()
    _people()
    _secrets()


def _queue() -> None:
    for column in (
        sa.Column("rank", sa.Integer, nullable=False, server_default="0"),
        sa.Column("hold", sa.Text, nullable=False, server_default=""),
        sa.Column("persons", sa.Integer, nullable=False, server_default="1"),
        sa.Column("endorsed", sa.Text, nullable=False, server_default="[]"),
    ):
        op.add_column("trials", column)
    op.drop_index("ix_trials_state_first_seq", "trials")
    op.create_index(
        "ix_trials_state_rank_first_seq", "trials", ["state", "rank", "first_seq"]
    )


def _artifacts() -> None:
    table = "artifacts"
    op.create_table(
        table,
        *(_text(name) for name in ("campaign", "sha256", "name", "media_type")),
        sa.Column("size", sa.BigInteger, nullable=False),
        _text("trial", nullable=True),
        _text("actor"),
        _time("created_at"),
        _seq(),
        _refers(table, "campaign", "campaigns.name"),
        _refers(table, "trial", "trials.id"),
        _key(table, "campaign", "sha256"),
    )
    op.create_index("ix_artifacts_trial", table, ["trial"])


def _people() -> None:
    op.create_table(
        "people",
        *(_text(name) for name in ("name", "role", "origin")),
        _time("created_at"),
        _seq(),
        _key("people", "name"),
    )
    op.create_table(
        "tokens",
        *(_text(name) for name in ("id", "person", "role", "label")),
        _time("created_at"),
        *(_time(name, nullable=True) for name in ("expires_at", "revoked_at")),
        _seq(),
        _key("tokens", "id"),
    )
    op.create_index("ix_tokens_person", "tokens", ["person"])


def _secrets() -> None:
    op.create_table("secrets", _text("owner"), _text("hash"), _key("secrets", "owner"))
    op.create_table(
        "logins",
        *(_text(name) for name in ("id", "person", "data")),
        *(_time(name) for name in ("made_at", "seen_at")),
        _key("logins", "id"),
    )
    op.create_index("ix_logins_person", "logins", ["person"])
    op.create_table(
        "tries",
        _text("who"),
        sa.Column("n", sa.Integer, nullable=False),
        _time("until"),
        _key("tries", "who"),
    )
