"""One training as an MLflow run, told of every epoch; it can fail, training cannot."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bigloop.contracts import SourceError
from bigloop.tracking.session import session
from bigloop.tracking.tracker import Tracker

_log = logging.getLogger(__name__)


class TrainingRun:
    """Parameters at the start, metrics per epoch, files and a status at the end.

    Args:
        tracker: where the platform's runs go.
        name: of the run.
    """

    def __init__(self, tracker: Tracker, name: str) -> None:
        self.tracker, self.name = tracker, name
        self.run_id: str | None = None
        self.problem: SourceError | None = None
        """Why nothing more is logged; none while MLflow takes it."""

    def begin(self, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Start the run."""

        def act(client: Any) -> None:
            from mlflow.entities import Param

            experiment = self.tracker.experiment_id(client)
            run = client.create_run(experiment, tags=dict(tags), run_name=self.name)
            self.run_id = str(run.info.run_id)
            params = [Param(k, str(v)[:6000]) for k, v in parameters.items()]
            client.log_batch(self.run_id, params=params)

        self._try(act)

    def epoch(self, number: int, metrics: Mapping[str, float]) -> None:
        """The metrics of one epoch, in one call."""
        self._try(lambda client: self._metrics(client, metrics, number))

    def end(
        self,
        status: str,
        metrics: Mapping[str, float] | None = None,
        files: Sequence[Path] = (),
    ) -> None:
        """Last metrics, files, and `FINISHED`, `KILLED` or `FAILED`."""

        def act(client: Any) -> None:
            if metrics:
                self._metrics(client, metrics, 0)
            for file in files:
                client.log_artifact(self.run_id, str(file), "model")
            client.set_terminated(self.run_id, status)

        self._try(act)

    def _metrics(self, client: Any, metrics: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        at = int(time.time() * 1000)
        client.log_batch(
            self.run_id, metrics=[Metric(k, v, at, step) for k, v in metrics.items()]
        )

    def _try(self, act: Callable[[Any], None]) -> None:
        if self.problem is not None:
            return
        try:
            with session(self.tracker.uri) as client:
                act(client)
        except SourceError as error:
            self.problem = error
            _log.warning("%s", error)
