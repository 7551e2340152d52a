"""The ledger of a campaign: one account a currency, in exact decimals."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import Literal

import sqlalchemy as sa

from bigloop.contracts import Account, BudgetError, Campaign, Cost, significant
from bigloop.db.columns import exact
from bigloop.db.tables import accounts

_EXACT = Context(prec=150)
"""Precision of the sums: beyond any two amounts that one ledger holds."""
_SLACK = Decimal("1e-9")
"""Share of a limit that a reservation may go over: agents reckon in floats."""


def read(conn: sa.Connection, campaign: str) -> dict[str, Account]:
    """The accounts of a campaign by currency."""
    rows = conn.execute(
        sa.select(accounts)
        .where(accounts.c.campaign == campaign)
        .order_by(accounts.c.currency)
    )
    return {
        row.currency: Account(
            currency=row.currency,
            limit=float(row.limit),
            reserved=float(row.reserved),
            spent=float(row.spent),
        )
        for row in rows
    }


def check(conn: sa.Connection, campaign: str, cost: Cost) -> None:
    """Whether a reservation fits; call it in the transaction that makes it.

    Raises:
        BudgetError: naming the currency, what is left and what was asked for.
    """
    rows = {row.currency: row for row in _rows(conn, campaign)}
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
    for currency in there - set(budget):
        conn.execute(sa.delete(accounts).where(*_is(campaign, currency)))
    for currency, amount in sorted(budget.items()):
        limit = {"limit": exact(amount)}
        if currency in there:
            conn.execute(
                sa.update(accounts).where(*_is(campaign, currency)).values(limit)
            )
        else:
            new = {"campaign": campaign, "currency": currency, **limit}
            zero = {"reserved": Decimal(0), "spent": Decimal(0)}
            conn.execute(sa.insert(accounts), [{**new, **zero}])


def book(
    conn: sa.Connection,
    campaign: str,
    column: Literal["reserved", "spent"],
    cost: Cost,
    sign: Literal[1, -1] = 1,
) -> None:
    """Add a cost to a column of the accounts, or take it away."""
    for row in _rows(conn, campaign) if cost else ():
        if row.currency in cost:
            with localcontext(_EXACT):
                amount = getattr(row, column) + sign * exact(cost[row.currency])
            conn.execute(
                sa.update(accounts)
                .where(*_is(campaign, row.currency))
                .values({column: amount})
            )


def _rows(conn: sa.Connection, campaign: str) -> list[sa.Row[tuple[object, ...]]]:
    return list(
        conn.execute(sa.select(accounts).where(accounts.c.campaign == campaign))
    )


def _is(campaign: str, currency: str) -> tuple[sa.ColumnElement[bool], ...]:
    return accounts.c.campaign == campaign, accounts.c.currency == currency
