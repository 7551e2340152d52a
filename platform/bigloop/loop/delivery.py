"""Delivering models to MLflow in the background; late rather than never."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

from bigloop.contracts import BigloopError, ModelVersion
from bigloop.db import Store
from bigloop.loop.filing import read
from bigloop.tracking import Tracker, TrackingFeed

RETRY_S = 5.0


class Delivery:
    """A thread that brings the store's models to MLflow; the loop never waits for it.

    Args:
        store: whose events are delivered.
        uri: address of MLflow.
        campaign: whose models.
        folder: where weights are, and for MLflow's artifacts when it is a local
            database.
        note: told when MLflow is away, and when it is back.
    """

    def __init__(
        self,
        store: Store,
        uri: str,
        campaign: str,
        folder: Path,
        note: Callable[[str], None],
    ) -> None:
        tracker = Tracker(uri, f"bigloop/{campaign}", folder, partial(_weights, folder))
        self._feed = TrackingFeed(store, tracker, campaign)
        self._note = note
        self._wake, self._end = Event(), Event()
        self._is_away = False
        self._thread = Thread(target=self._run, name="mlflow", daemon=True)

    def start(self) -> None:
        """Begin."""
        # SQLAlchemy finds its ORM lazily: if MLflow imported it in the background, the
        # store's threads could meet it half imported.
        importlib.import_module("sqlalchemy.orm")
        self._thread.start()

    def wake(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    def finish(self, timeout_s: float) -> bool:
        """Deliver what is left; whether it was all delivered in time."""
        self._end.set()
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._is_away

    def _run(self) -> None:
        while True:
            self._wake.wait(RETRY_S if self._is_away else None)
            self._wake.clear()
            is_last = self._end.is_set()
            try:
                self._feed.deliver_pending()
                problem = self._feed.problem
            except BigloopError as error:
                problem = error  # type: ignore[assignment]
            if problem is not None and not self._is_away:
                self._note(f"MLflow is away, models are delivered later: {problem}")
            if problem is None and self._is_away:
                self._note("MLflow is back: everything is delivered")
            self._is_away = problem is not None
            if is_last:
                return


def _weights(folder: Path, version: ModelVersion) -> bytes:
    return read(folder, version.sha256) if version.sha256 else b""
