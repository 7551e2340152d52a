"""Which files belong to a campaign; the files themselves lie in the folder."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa

from bigloop.contracts import KeptFile, NotFoundError, ResultError, SpecError
from bigloop.db.records import Artifact
from bigloop.db.rows import artifact_of, trial_of
from bigloop.db.session import Session
from bigloop.db.tables import artifacts
from bigloop.db.transaction import require

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Artifacts(Session):
    """The part of the store that knows files by their hash."""

    def add_artifact(
        self,
        campaign: str,
        sha256: str,
        name: str,
        size: int,
        actor: str,
        *,
        media_type: str = "application/octet-stream",
        trial: str | None = None,
    ) -> Artifact:
        """Note a file; one that is known already changes nothing.

        Raises:
            NotFoundError: there is no such campaign or trial.
            SpecError: the hash is not one, the name is empty, or the trial is another
                campaign's.
        """
        require("name", name)
        if not _SHA256.fullmatch(sha256):
            raise SpecError(f"sha256 {sha256!r}: give 64 lower-case hex digits")
        with self._write(actor) as tx:
            self._campaign_row(tx.conn, campaign)
            known = tx.conn.execute(_one(sha256, campaign)).first()
            if known is not None:
                return artifact_of(known)
            data = {
                "sha256": sha256,
                "name": name,
                "media_type": media_type,
                "size": size,
                "trial": None,
            }
            if trial is not None:
                row = self._trial_row(tx.conn, trial)
                if row.campaign != campaign:
                    raise SpecError(f"trial {row.id} is of campaign {row.campaign!r}")
                data["trial"] = row.id
            tx.append("artifact.added", campaign, sha256, {"artifact": data})
            return artifact_of(tx.conn.execute(_one(sha256, campaign)).one())

    def artifact(self, sha256: str) -> Artifact:
        """What is known of a file.

        Raises:
            NotFoundError: no campaign has it.
        """
        with self._read() as conn:
            row = conn.execute(_one(sha256).order_by(artifacts.c.first_seq)).first()
        if row is None:
            raise NotFoundError(f"artifact {sha256!r} does not exist; upload it first")
        return artifact_of(row)

    def artifacts(self, campaign: str, trial: str | None = None) -> list[Artifact]:
        """Files of a campaign, or of one trial, in the order in which they came.

        A file that several trials handed in alike is one, and each of them has it.

        Raises:
            NotFoundError: there is no such campaign or trial.
        """
        query = sa.select(artifacts).where(artifacts.c.campaign == campaign)
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            if trial is not None:
                one = trial_of(self._trial_row(conn, trial))
                named = [f.sha256 for f in one.outcome.files] if one.outcome else []
                mine = artifacts.c.trial == one.id
                query = query.where(mine | artifacts.c.sha256.in_(named))
            rows = conn.execute(query.order_by(artifacts.c.first_seq))
            return [artifact_of(row) for row in rows]


def _one(sha256: str, campaign: str | None = None) -> sa.Select[tuple[object, ...]]:
    query = sa.select(artifacts).where(artifacts.c.sha256 == sha256)
    return query if campaign is None else query.where(artifacts.c.campaign == campaign)


def check_kept(conn: sa.Connection, campaign: str, files: Iterable[KeptFile]) -> None:
    """Refuse files of an outcome that are not the campaign's.

    Raises:
        ResultError: names the first.
    """
    for file in files:
        if conn.execute(_one(file.sha256, campaign)).first() is None:
            raise ResultError(
                f"file {file.name!r}: campaign {campaign!r} has no artifact "
                f"{file.sha256[:12]}; upload it first, then hand the result in"
            )
