"""Campaigns in the store: adding, revising and their standing."""

from __future__ import annotations

from typing import Any, get_args

import sqlalchemy as sa

from bigloop.contracts import (
    Campaign,
    ChangedError,
    ConflictError,
    SpecError,
    canonical_json,
    parse,
)
from bigloop.db import ledger
from bigloop.db.records import CampaignInfo, Status
from bigloop.db.rows import Row, campaign_of
from bigloop.db.session import Session
from bigloop.db.tables import campaigns
from bigloop.db.transaction import Once, require


class Catalogue(Session):
    """The part of the store that knows campaigns."""

    def add_campaign(self, spec: Campaign, actor: str) -> Campaign:
        """Add a campaign, `running`; the same one again changes nothing.

        The same one is given back with the limits that people have set since.

        Raises:
            ConflictError: the name is taken by another specification.
        """
        with self._write(actor) as tx:
            known = sa.select(campaigns.c.name).where(campaigns.c.name == spec.name)
            if tx.conn.scalar(known) is None:
                data = {"spec": _plain(spec), "revision": 0}
                tx.append("campaign.added", spec.name, spec.name, data)
                return spec
            there = self._spec(tx.conn, spec.name)
            if not _same(there, _with_limits_of(there, spec)):
                raise ConflictError(
                    f"campaign {spec.name!r} exists with another specification "
                    f"({', '.join(_changed(there, spec))} differ); use a new name, or "
                    "revise it"
                )
            return there

    def revise(
        self, spec: Campaign, actor: str, *, revision: int | None = None
    ) -> Campaign:
        """Replace a campaign's specification from now on; the same one is no change.

        What is recorded must keep its meaning: parameters, and the units of what has
        been measured, stay; sources and observables may be added. Limits stay as they
        are: a rejection sets them, `revoke` ends them.

        Raises:
            NotFoundError: there is no such campaign.
            ChangedError: `revision`, the one that the person saw, is not the present.
            BudgetError: the budget is below what is spent and reserved.
            ConflictError: the revision would change the meaning of what is recorded.
            SpecError: no design would be left within the limits.
        """
        with self._write(actor) as tx:
            there = self._spec(tx.conn, spec.name)
            if _same(there, _with_limits_of(there, spec)):
                return there
            _check_seen(self._campaign_row(tx.conn, spec.name), revision)
            _check_meaning(there, spec)
            spec = _keeping(there, spec)
            ledger.check_limits(tx.conn, spec)
            number = self._campaign_row(tx.conn, spec.name).revision + 1
            data = {"spec": _plain(spec), "revision": number}
            tx.append("campaign.revised", spec.name, spec.name, data)
            return spec

    def set_status(
        self,
        name: str,
        status: Status,
        reason: str,
        actor: str,
        *,
        idempotency_key: str | None = None,
    ) -> CampaignInfo:
        """Pause, stop, finish or resume a campaign; only a running one is worked on.

        Raises:
            NotFoundError: there is no such campaign.
            SpecError: the status is not one, or a pause or stop gives no reason.
        """
        if status not in get_args(Status):
            raise SpecError(f"status {status!r}: use one of {get_args(Status)}")
        if status != "running":
            require("reason", reason)
        once = Once.of(idempotency_key, "set_status", name, status, reason)
        with self._write(actor) as tx:
            row = self._campaign_row(tx.conn, name)
            if tx.earlier(once) is None and row.status != status:
                data = {"status": status, "reason": reason, "from": row.status}
                tx.append("campaign.status", name, name, data, once)
            return campaign_of(self._campaign_row(tx.conn, name))

    def campaign(self, name: str) -> Campaign:
        """The present specification of a campaign.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        with self._read() as conn:
            return self._spec(conn, name)

    def campaigns(self) -> list[CampaignInfo]:
        """All campaigns in the order in which they were added."""
        with self._read() as conn:
            rows = conn.execute(sa.select(campaigns).order_by(campaigns.c.first_seq))
            return [campaign_of(row) for row in rows]


def _plain(spec: Campaign) -> dict[str, Any]:
    return spec.model_dump(mode="json")


def _with_limits_of(there: Campaign, spec: Campaign) -> Campaign:
    return spec.model_copy(update={"limits": there.limits})


def _keeping(there: Campaign, spec: Campaign) -> Campaign:
    """A specification with the limits of the one that is there, checked together."""
    if spec.limits == there.limits:
        return spec
    data = {**_plain(spec), "limits": _plain(there)["limits"]}
    return parse(Campaign, data, f"campaign {spec.name!r}")


def _same(a: Campaign, b: Campaign) -> bool:
    return canonical_json(_plain(a)) == canonical_json(_plain(b))


def _changed(a: Campaign, b: Campaign) -> list[str]:
    old, new = _plain(a), _plain(b)
    return [name for name in sorted(new) if old[name] != new[name]]


def _check_seen(row: Row, revision: int | None) -> None:
    if revision is not None and row.revision != revision:
        raise ChangedError(
            f"campaign {row.name!r} is at revision {row.revision}, not {revision}; "
            "look at it again, then revise"
        )


def _check_meaning(old: Campaign, new: Campaign) -> None:
    if old.units != new.units:
        raise ConflictError(
            f"campaign {old.name!r}: a revision keeps parameters and their units "
            f"({', '.join(old.units)}); start a new campaign to change them"
        )
    for name, observable in old.observables.items():
        if name not in new.observables or new.observables[name].unit != observable.unit:
            raise ConflictError(
                f"observables.{name}: a revision keeps it in {observable.unit!r}; add "
                "another observable instead"
            )
    if gone := sorted(set(old.sources) - set(new.sources)):
        raise ConflictError(
            f"sources.{gone[0]}: a revision keeps the sources; propose nothing to it"
        )
