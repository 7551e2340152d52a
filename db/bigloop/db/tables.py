"""The tables: `events` is the record, the others are what replaying it gives.

Documents stand in the columns as canonical JSON text, equal on every engine.
"""

from __future__ import annotations

import sqlalchemy as sa

from bigloop.db.columns import Amount, UtcTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("campaign", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index(None, "campaign", "seq"),
)

# One row: locking it is what makes writers queue, so that the chain has no gap.
chain = sa.Table(
    "chain",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
)


def _campaign(primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "campaign",
        sa.Text,
        sa.ForeignKey("campaigns.name"),
        primary_key=primary_key,
        nullable=False,
    )


revisions = sa.Table(
    "revisions",
    metadata,
    _campaign(primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

accounts = sa.Table(
    "accounts",
    metadata,
    _campaign(primary_key=True),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("limit", Amount, nullable=False),
    sa.Column("reserved", Amount, nullable=False),
    sa.Column("spent", Amount, nullable=False),
)

trials = sa.Table(
    "trials",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _campaign(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("proposal", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("reserved", sa.Text, nullable=False),
    sa.Column("spent", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    # What a person's rejection is about; null: none rejected it.
    sa.Column("because", sa.Text),
    sa.Column("worker", sa.Text),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("lease_until", UtcTime),
    # Minus the priority, so that one index gives the order of claims.
    sa.Column("rank", sa.Integer, nullable=False, server_default="0"),
    sa.Column("hold", sa.Text, nullable=False, server_default=""),
    sa.Column("persons", sa.Integer, nullable=False, server_default="1"),
    sa.Column("endorsed", sa.Text, nullable=False, server_default="[]"),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("campaign", "number"),
    sa.Index(None, "state", "rank", "first_seq"),
    sa.Index(None, "state", "lease_until"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("trial", sa.Text, sa.ForeignKey("trials.id"), primary_key=True),
    sa.Column("token", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("lease_until", UtcTime, nullable=False),
    sa.Column("claimed_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("result", sa.Text, nullable=False),
)

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    _campaign(),
    sa.Column("trial", sa.Text, sa.ForeignKey("trials.id")),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("design", sa.Text, nullable=False),
    sa.Column("specimen", sa.Text),
    sa.Column("batch", sa.Text),
    sa.Column("observable", sa.Text, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("sd", sa.Double),
    sa.Column("age", sa.Double),
    sa.Column("censored", sa.Boolean, nullable=False),
    sa.Column("solicited", sa.Boolean, nullable=False),
    # Of an imported row: the hash of its content, which makes importing idempotent.
    sa.Column("content", sa.Text),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.UniqueConstraint("campaign", "content"),
    sa.Index(None, "campaign", "observable"),
    sa.Index(None, "trial"),
)

models = sa.Table(
    "models",
    metadata,
    _campaign(primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    # Whose model it is, and when it came to be; empty: the predictor.
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.Column("seen", sa.Integer, nullable=False, server_default="0"),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    _campaign(primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("trial", sa.Text, sa.ForeignKey("trials.id")),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Index(None, "trial"),
)

people = sa.Table(
    "people",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    # Who vouches: empty for an account of ours, else issuer and subject.
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime),
    sa.Column("revoked_at", UtcTime),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Index(None, "person"),
)

# The three below are in no event: an audit log that is shown must hold no secret.
secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
)

logins = sa.Table(
    "logins",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Index(None, "person"),
)

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("who", sa.Text, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("until", UtcTime, nullable=False),
)

DERIVED = (
    keys,
    campaigns,
    revisions,
    accounts,
    trials,
    attempts,
    observations,
    models,
    artifacts,
    people,
    tokens,
)
"""What a replay of the events must give again, row by row."""
