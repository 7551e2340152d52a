"""Model versions in the store: challengers, one champion a campaign, the retired."""

from __future__ import annotations

import sqlalchemy as sa

from bigloop.contracts import (
    ConflictError,
    ModelVersion,
    NotFoundError,
    SpecError,
    canonical_json,
)
from bigloop.db.rows import Row, model_of
from bigloop.db.session import Session
from bigloop.db.tables import models


class Registry(Session):
    """The part of the store that keeps trained predictors."""

    def add_model(self, version: ModelVersion, actor: str) -> ModelVersion:
        """Add a challenger; the same one again changes nothing.

        Raises:
            ConflictError: the id is taken by another content.
            SpecError: it calls itself champion or retired; promote it instead.
        """
        if version.status != "challenger":
            raise SpecError(
                f"model {version.id!r} is added as {version.status!r}; add it as "
                "'challenger', then promote it"
            )
        data = version.model_dump(mode="json")
        with self._write(actor) as tx:
            self._campaign_row(tx.conn, version.campaign)
            mine = sa.select(models).where(
                models.c.campaign == version.campaign, models.c.id == version.id
            )
            row = tx.conn.execute(mine).first()
            if row is None:
                tx.append(
                    "model.added", version.campaign, version.id, {"version": data}
                )
                return version
            if row.version != canonical_json(data):
                raise ConflictError(
                    f"model {version.id!r} exists with another content; an id is the "
                    "hash of the content"
                )
            return model_of(row)

    def promote(
        self, model: str, actor: str, *, campaign: str | None = None, reason: str = ""
    ) -> ModelVersion:
        """Make a model the champion of its campaign; the one before is retired.

        Raises:
            NotFoundError: there is no such model, or it is in several campaigns.
        """
        with self._write(actor) as tx:
            row = _find(tx.conn, model, campaign)
            if row.status != "champion":
                tx.append("model.promoted", row.campaign, row.id, {"reason": reason})
            return model_of(_find(tx.conn, model, row.campaign))

    def champion(self, campaign: str) -> ModelVersion | None:
        """The model that predicts for a campaign; none before the first promotion.

        Raises:
            NotFoundError: there is no such campaign.
        """
        found = [m for m in self.models(campaign) if m.status == "champion"]
        return found[0] if found else None

    def model(self, campaign: str, model: str) -> ModelVersion:
        """One model of a campaign by its id.

        Raises:
            NotFoundError: there is no such model, or no such campaign.
        """
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            return model_of(_find(conn, model, campaign))

    def models(self, campaign: str) -> list[ModelVersion]:
        """All models of a campaign in the order in which they were added.

        Raises:
            NotFoundError: there is no such campaign.
        """
        query = sa.select(models).where(models.c.campaign == campaign)
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            rows = conn.execute(query.order_by(models.c.first_seq))
            return [model_of(row) for row in rows]


def _find(conn: sa.Connection, model: str, campaign: str | None) -> Row:
    query = sa.select(models).where(models.c.id == model)
    if campaign is not None:
        query = query.where(models.c.campaign == campaign)
    rows = conn.execute(query).all()
    if len(rows) == 1:
        return rows[0]
    if rows:
        names = ", ".join(sorted(row.campaign for row in rows))
        raise NotFoundError(f"model {model!r} is in {names}; say in which campaign")
    known = conn.scalars(sa.select(models.c.id).order_by(models.c.first_seq)).all()
    raise NotFoundError(
        f"model {model!r} does not exist; there are {', '.join(known) or 'none yet'}"
    )
