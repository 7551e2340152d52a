"""The ledger of a campaign: one account a currency, in exact decimals."""

from __future__ import annotations

import json
from decimal import Context, Decimal, localcontext

import sqlalchemy as sa

from bigloop.contracts import Account, BudgetError, Campaign, Cost, significant
from bigloop.db.columns import exact
from bigloop.db.prepared import Prepared
from bigloop.db.rows import Row
from bigloop.db.tables import accounts, trials

_EXACT = Context(prec=150)
"""Precision of the sums: beyond any two amounts that one ledger holds."""
_SLACK = Decimal("1e-9")
"""Share of a limit that a reservation may go over: agents reckon in floats."""


def read(conn: sa.Connection, campaign: str) -> dict[str, Account]:
    """The accounts of a campaign by currency."""
    return {
        row.currency: Account(
            currency=row.currency,
            limit=float(row.limit),
            reserved=float(row.reserved),
            spent=float(row.spent),
        )
        for row in _rows(conn, campaign)
    }


def check_limits(conn: sa.Connection, spec: Campaign) -> None:
    """Whether a new revision covers what is spent and reserved.

    Raises:
        BudgetError: naming the currency.
    """
    for row in _rows(conn, spec.name):
        used, limit = row.reserved + row.spent, spec.budget.get(row.currency, 0.0)
        if used > exact(limit):
            raise BudgetError(
                f"budget.{row.currency}: {limit:g} is below the"
                f" {significant(float(used))} that are spent or reserved; raise it"
            )


def set_limits(conn: sa.Connection, campaign: str, budget: Cost) -> None:
    """Open, change and close accounts so that they are those of the budget."""
    there = {row.currency for row in _rows(conn, campaign)}
    mine = accounts.c.campaign == campaign
    for currency in sorted(there - set(budget)):
        conn.execute(sa.delete(accounts).where(mine, accounts.c.currency == currency))
    for currency, amount in sorted(budget.items()):
        key = {"campaign": campaign, "currency": currency}
        if currency not in there:
            zero = {"reserved": Decimal(0), "spent": Decimal(0)}
            conn.execute(sa.insert(accounts), {**key, "limit": exact(amount), **zero})
        else:
            this = sa.update(accounts).where(mine, accounts.c.currency == currency)
            conn.execute(this.values({"limit": exact(amount)}))


def reserve(conn: sa.Connection, campaign: str, cost: Cost) -> None:
    """Put the cost of a trial aside.

    Raises:
        BudgetError: naming the currency, what is left and what was asked for.
    """
    rows = {row.currency: row for row in _rows(conn, campaign)} if cost else {}
    for currency, amount in cost.items():
        if currency not in rows:
            raise BudgetError(
                f"campaign {campaign!r} has no budget in {currency}; there are "
                f"{', '.join(sorted(rows))}: revise the campaign or the cost"
            )
        if not amount >= 0:
            raise BudgetError(f"cost {currency}: {amount:g} is below 0; correct it")
        row = rows[currency]
        left = row.limit - row.reserved - row.spent
        if exact(amount) > left + row.limit * _SLACK:
            raise BudgetError(
                f"campaign {campaign!r} has {significant(float(left))} {currency} left"
                f", {significant(amount)} were asked for; raise budget.{currency} by a "
                "revision, or wait for reservations to be released"
            )
        with localcontext(_EXACT):
            reserved = row.reserved + exact(amount)
        _book(conn, row, reserved, row.spent)


def settle(
    conn: sa.Connection, campaign: str, trial: str, spend: Cost | None = None
) -> None:
    """Let go what a trial has put aside, and book what it paid, whatever is left."""
    paid = spend or {}
    for row in _HOLDING.all(conn, {"whose": campaign, "trial": trial}):
        release: Cost = json.loads(row.held or "{}")
        currency = row.currency
        if currency in release or currency in paid:
            with localcontext(_EXACT):
                reserved = row.reserved - exact(release.get(currency, 0))
                spent = row.spent + exact(paid.get(currency, 0))
            _book(conn, row, reserved, spent)


_OF_CAMPAIGN = (
    sa.select(accounts)
    .where(accounts.c.campaign == sa.bindparam("whose"))
    .order_by(accounts.c.currency)
)
_ACCOUNTS = Prepared(_OF_CAMPAIGN)
# With what a trial of theirs has put aside.
_HOLDING = Prepared(
    _OF_CAMPAIGN.add_columns(
        sa.select(trials.c.reserved)
        .where(trials.c.id == sa.bindparam("trial"))
        .scalar_subquery()
        .label("held")
    )
)
_BOOK = Prepared(
    sa.update(accounts).where(
        accounts.c.campaign == sa.bindparam("whose"),
        accounts.c.currency == sa.bindparam("which"),
    )
)


def _rows(conn: sa.Connection, campaign: str) -> list[Row]:
    return _ACCOUNTS.all(conn, {"whose": campaign})


def _book(conn: sa.Connection, row: Row, reserved: Decimal, spent: Decimal) -> None:
    mine = {"whose": row.campaign, "which": row.currency}
    _BOOK.run(conn, {**mine, "reserved": reserved, "spent": spent})
