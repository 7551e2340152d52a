"""The tables of the first version, and the triggers that keep events append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _time(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _TIME, nullable=nullable)


def _seq(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, autoincrement=False, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, autoincrement=False, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def upgrade() -> None:
    """Create everything."""
    _events()
    _campaigns()
    _trials()
    _observations()
    _append_only()


def _events() -> None:
    names = ("kind", "campaign", "actor", "subject", "data", "previous", "hash")
    op.create_table(
        "events",
        _seq("seq"),
        _time("at"),
        *(_text(name) for name in names),
        _key("events", "seq"),
    )
    op.create_index("ix_events_campaign_seq", "events", ["campaign", "seq"])
    op.create_table(
        "chain", _integer("id"), _seq("seq"), _text("hash"), _key("chain", "id")
    )
    op.execute("INSERT INTO chain (id, seq, hash) VALUES (1, 0, '')")
    op.create_table(
        "cursors", _text("consumer"), _seq("seq"), _key("cursors", "consumer")
    )
    op.create_table(
        "keys", _text("key"), _text("content"), _seq("seq"), _key("keys", "key")
    )


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        *(_text(name) for name in ("name", "status", "reason")),
        _integer("revision"),
        _seq("first_seq"),
        *(_time(name) for name in ("created_at", "updated_at")),
        _key("campaigns", "name"),
    )
    op.create_table(
        "revisions",
        _text("campaign"),
        _integer("revision"),
        *(_text(name) for name in ("spec", "actor")),
        _time("created_at"),
        _refers("revisions", "campaign", "campaigns.name"),
        _key("revisions", "campaign", "revision"),
    )
    op.create_table(
        "accounts",
        *(_text(n) for n in ("campaign", "currency", "limit", "reserved", "spent")),
        _refers("accounts", "campaign", "campaigns.name"),
        _key("accounts", "campaign", "currency"),
    )
    op.create_table(
        "models",
        *(_text(name) for name in ("campaign", "id", "status", "version")),
        _seq("first_seq"),
        _refers("models", "campaign", "campaigns.name"),
        _key("models", "campaign", "id"),
    )


def _trials() -> None:
    documents = ("state", "proposal", "decision", "reserved", "spent")
    op.create_table(
        "trials",
        *(_text(name) for name in ("id", "campaign")),
        _integer("number"),
        *(_text(name) for name in ("source", *documents)),
        _text("outcome", nullable=True),
        _text("reason"),
        _text("worker", nullable=True),
        _integer("token"),
        _time("lease_until", nullable=True),
        *(_seq(name) for name in ("first_seq", "last_seq")),
        *(_time(name) for name in ("created_at", "updated_at")),
        _refers("trials", "campaign", "campaigns.name"),
        sa.UniqueConstraint("campaign", "number", name="uq_trials_campaign_number"),
        _key("trials", "id"),
    )
    op.create_index("ix_trials_state_first_seq", "trials", ["state", "first_seq"])
    op.create_index("ix_trials_state_lease_until", "trials", ["state", "lease_until"])
    op.create_table(
        "attempts",
        _text("trial"),
        _integer("token"),
        _text("worker"),
        *(_time(name) for name in ("lease_until", "claimed_at")),
        *(_time(name, nullable=True) for name in ("started_at", "ended_at")),
        _text("result"),
        _refers("attempts", "trial", "trials.id"),
        _key("attempts", "trial", "token"),
    )


def _observations() -> None:
    table = "observations"
    op.create_table(
        table,
        _seq("id"),
        _text("campaign"),
        _text("trial", nullable=True),
        *(_text(name) for name in ("source", "design")),
        *(_text(name, nullable=True) for name in ("specimen", "batch")),
        _text("observable"),
        sa.Column("value", sa.Double, nullable=False),
        _text("unit"),
        *(sa.Column(name, sa.Double) for name in ("sd", "age")),
        *(sa.Column(n, sa.Boolean, nullable=False) for n in ("censored", "solicited")),
        _text("content", nullable=True),
        _time("recorded_at"),
        _refers(table, "campaign", "campaigns.name"),
        _refers(table, "trial", "trials.id"),
        sa.UniqueConstraint("campaign", "content", name=f"uq_{table}_campaign_content"),
        _key(table, "id"),
    )
    op.create_index(
        f"ix_{table}_campaign_observable", table, ["campaign", "observable"]
    )
    op.create_index(f"ix_{table}_trial", table, ["trial"])


_SQLITE = """CREATE TRIGGER events_no_{name} BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"""

_POSTGRESQL = (
    """CREATE FUNCTION bigloop_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$""",
    """CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION bigloop_append_only()""",
)


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(name=verb.lower(), verb=verb))
    else:
        for statement in _POSTGRESQL:
            op.execute(statement)
