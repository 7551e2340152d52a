"""The store: the only truth of a campaign."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from bigloop.db import engine, schema
from bigloop.db.artifacts import Artifacts
from bigloop.db.audit import Audit
from bigloop.db.catalogue import Catalogue
from bigloop.db.faults import told
from bigloop.db.feed import Feed
from bigloop.db.handover import Handover
from bigloop.db.imports import Imports
from bigloop.db.logins import Logins
from bigloop.db.paging import Pages
from bigloop.db.people import People
from bigloop.db.queueing import Queueing
from bigloop.db.readings import Readings
from bigloop.db.registry import Registry
from bigloop.db.rejections import Rejections
from bigloop.db.session import Clock


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Store(
    Catalogue,
    Handover,
    Rejections,
    Queueing,
    Imports,
    Readings,
    Pages,
    Registry,
    Artifacts,
    People,
    Logins,
    Feed,
    Audit,
):
    """Campaigns, trials, claims, results, models and events, on SQLite or PostgreSQL.

    One public face; each part stands in the file of its noun.

    - Every change is one transaction: it appends events, and applying them is the only
      way into the tables. `verify` replays them and compares.
    - Writers queue: a transaction holds the head of the chain until it commits.
    - Safe for threads and processes; documents are immutable and belong to nobody.
    - A change that is refused, or fails half-way, leaves nothing behind.

    Every call may raise `StoreError` when the database cannot be reached, is full or
    stays locked, and a write `SpecError` when it does not say who acts.
    """

    @classmethod
    def open(
        cls,
        url: str = "sqlite:///.bigloop/store.db",
        *,
        clock: Clock = utc_now,
        lock_timeout_s: float = 10.0,
    ) -> Self:
        """Open a store; a new database is created, an older one upgraded.

        Raises:
            StoreError: unreachable, not a bigloop database, or of a newer schema.
        """
        connected = engine.connect(url, lock_timeout_s)
        try:
            with told(connected.engine.url):
                schema.prepare(connected)
        except BaseException:
            connected.close()
            raise
        return cls(connected, clock)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()
