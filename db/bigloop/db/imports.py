"""Measurements that people bring along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Campaign, HistoryRow, ResultError, content_hash
from bigloop.db.results import measured
from bigloop.db.session import Session
from bigloop.db.tables import observations

_SHOWN = 5


class Imports(Session):
    """The part of the store that takes history in."""

    def import_history(
        self, campaign: str, rows: Sequence[HistoryRow], actor: str
    ) -> int:
        """Add measurements that no trial of this campaign made; how many were new.

        All or nothing. A row with exactly the content of one that is there, or of one
        before it, is skipped: give replicates a specimen to tell them apart.

        Raises:
            ResultError: the first wrong rows by number, and how many there are.
            NotFoundError: there is no such campaign.
        """
        with self._write(actor) as tx:
            spec = self._spec(tx.conn, campaign)
            found = _accepted(spec, rows)
            old = set(
                tx.conn.scalars(
                    sa.select(observations.c.content).where(
                        observations.c.campaign == campaign,
                        observations.c.content.is_not(None),
                    )
                )
            )
            new = [row for content, row in found.items() if content not in old]
            if new:
                digest = content_hash([row["content"] for row in new])
                skipped = len(rows) - len(new)
                data = {"observations": new, "hash": digest, "skipped": skipped}
                tx.append("history.imported", campaign, campaign, data)
            return len(new)


def _accepted(spec: Campaign, rows: Sequence[HistoryRow]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            item = _observation(spec, row)
        except ResultError as error:
            problems.append(f"row {number}: {error}")
        else:
            found[item["content"]] = item
    if problems:
        more = len(problems) - _SHOWN
        tail = f"; and {more} more" if more > 0 else ""
        raise ResultError(
            f"{len(problems)} of {len(rows)} rows are wrong, none was imported: "
            + "; ".join(problems[:_SHOWN])
            + tail
        )
    return found


def _observation(spec: Campaign, row: HistoryRow) -> dict[str, Any]:
    if row.source not in spec.sources:
        raise ResultError(
            f"source {row.source!r} is not in the campaign; there are "
            f"{', '.join(spec.sources)}"
        )
    if set(row.design) != set(spec.parameters):
        raise ResultError(
            f"design has {sorted(row.design)}, not the parameters "
            f"{sorted(spec.parameters)}"
        )
    return {
        "source": row.source,
        "design": row.design,
        "specimen": row.specimen,
        "batch": row.batch,
        **measured(spec, row.source, row.measurement),
        "content": content_hash(row.model_dump(mode="json")),
    }
