"""Model versions in the store: challengers, one champion of each kind, the retired."""

from __future__ import annotations

import sqlalchemy as sa

from bigloop.contracts import (
    ConflictError,
    ModelVersion,
    NotFoundError,
    SpecError,
)
from bigloop.db.records import Standing
from bigloop.db.rows import Row, model_of
from bigloop.db.session import Session
from bigloop.db.tables import models


class Registry(Session):
    """The part of the store that keeps trained models."""

    def add_model(
        self, version: ModelVersion, actor: str, *, promote: str | None = None
    ) -> ModelVersion:
        """Add a challenger, or a training that failed; again, it changes nothing.

        Args:
            version: what was trained.
            actor: who adds it.
            promote: why it becomes champion in the same step; none: it does not.

        Raises:
            ConflictError: the id is taken by another content.
            SpecError: it calls itself champion or retired; promote it instead.
        """
        if version.status not in ("challenger", "failed"):
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
                added = {"version": data}
                tx.append("model.added", version.campaign, version.id, added)
                if promote is not None:
                    reason = {"reason": promote}
                    tx.append("model.promoted", version.campaign, version.id, reason)
                return model_of(tx.conn.execute(mine).one())
            if ModelVersion.model_validate_json(row.version) != version:
                raise ConflictError(
                    f"model {version.id!r} exists with another content; an id is the "
                    "hash of the content"
                )
            return model_of(row)

    def promote(
        self, model: str, actor: str, *, campaign: str | None = None, reason: str = ""
    ) -> ModelVersion:
        """Make a model the champion of its kind; the one before is retired.

        Of its kind are the predictors of a campaign, or the models of one source.

        Raises:
            NotFoundError: there is no such model, or it is in several campaigns.
        """
        with self._write(actor) as tx:
            row = _find(tx.conn, model, campaign)
            if row.status != "champion":
                tx.append("model.promoted", row.campaign, row.id, {"reason": reason})
            return model_of(_find(tx.conn, model, row.campaign))

    def champion(self, campaign: str, source: str = "") -> ModelVersion | None:
        """The model in use; none before the first promotion.

        Args:
            campaign: its name.
            source: whose model; empty: the predictor.

        Raises:
            NotFoundError: there is no such campaign.
        """
        for standing in self.standings(campaign):
            if (standing.source, standing.status) == (source, "champion"):
                return self.model(campaign, standing.id)
        return None

    def standings(self, campaign: str) -> list[Standing]:
        """How the models of a campaign stand, in the order in which they were added.

        Raises:
            NotFoundError: there is no such campaign.
        """
        columns = (models.c.id, models.c.source, models.c.status, models.c.seen)
        query = sa.select(*columns).where(models.c.campaign == campaign)
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            rows = conn.execute(query.order_by(models.c.first_seq))
            return [Standing(**row._asdict()) for row in rows]

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
