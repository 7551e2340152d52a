"""Model versions as MLflow runs: each event makes one run, however often delivered."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bigloop.contracts import ModelVersion, NotFoundError, SourceError
from bigloop.tracking import record
from bigloop.tracking.session import local_file, session

Weights = Callable[[ModelVersion], bytes]


class Tracker:
    """One MLflow experiment. Nothing is opened before the first delivery."""

    def __init__(
        self,
        uri: str | None,
        experiment: str,
        folder: Path = Path(".bigloop"),
        weights: Weights | None = None,
    ) -> None:
        """Name the place.

        Args:
            uri: address of a server, or of a database; none: SQLite in `folder`.
            experiment: name of the experiment, made when it does not exist.
            folder: where `mlflow.db` and `mlartifacts` go when there is no `uri`.
            weights: gives files that do not stand in their version; none: they are
                left out.
        """
        self.uri = uri or f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        self.experiment = experiment
        self.weights = weights or (lambda version: b"")

    def deliver(self, version: ModelVersion, event_seq: int) -> str:
        """Log a version as a run; the same event again finds the run of the first time.

        A run that was interrupted is completed.

        Returns:
            The id of the run.

        Raises:
            SourceError: MLflow is unreachable or refuses; deliver again later.
        """
        with session(self.uri) as client:
            experiment = self.experiment_id(client)
            tags = record.tags(version, event_seq)
            wanted = {name: tags[name] for name in (record.EVENT, record.MODEL)}
            found = _find(client, experiment, wanted)
            run = found[0] if found else _start(client, experiment, version, tags)
            if run.info.status not in ("FINISHED", "FAILED"):
                _log(client, run, version, self._weights(version))
            return str(run.info.run_id)

    def _weights(self, version: ModelVersion) -> bytes:
        if version.artifact:
            return base64.b64decode(version.artifact)
        try:
            return self.weights(version)
        except NotFoundError as error:
            raise SourceError(f"model {version.id[:12]}: {error}") from None

    def promote(self, campaign: str, model_id: str) -> int:
        """Tag the runs of a model as champion's, those of the one before as retired.

        Returns:
            How many runs changed.

        Raises:
            SourceError: MLflow is unreachable or refuses; deliver again later.
        """
        with session(self.uri) as client:
            experiment = self.experiment_id(client)
            runs = _find(client, experiment, {record.CAMPAIGN: campaign})
            kinds = {
                r.data.tags.get(record.SOURCE, "") for r in runs if _is(r, model_id)
            }
            changed = 0
            for run in runs:
                # The champion of another kind stays champion.
                if run.data.tags.get(record.SOURCE, "") not in kinds:
                    continue
                is_it = _is(run, model_id)
                status = run.data.tags.get(record.STATUS)
                new = "champion" if is_it else "retired"
                if status != new and (is_it or status == "champion"):
                    client.set_tag(run.info.run_id, record.STATUS, new)
                    changed += 1
            return changed

    def experiment_id(self, client: Any) -> str:
        """Of the experiment, which is made when it does not exist."""
        found = client.get_experiment_by_name(self.experiment)
        if found is not None:
            return str(found.experiment_id)
        path = local_file(self.uri)
        artifacts = (path.parent / "mlartifacts").resolve().as_uri() if path else None
        return str(client.create_experiment(self.experiment, artifacts))


def _find(client: Any, experiment: str, tags: dict[str, str]) -> list[Any]:
    """Runs with these tags, all pages."""
    terms = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
    found: list[Any] = []
    token = None
    while True:
        page = client.search_runs(
            [experiment], " AND ".join(terms), order_by=["start_time"], page_token=token
        )
        found += page
        token = page.token
        if not token:
            return found


def _start(
    client: Any, experiment: str, version: ModelVersion, tags: dict[str, str]
) -> Any:
    name = f"{version.model}-{version.id[:8]}"
    return client.create_run(experiment, tags=tags, run_name=name)


def _is(run: Any, model_id: str) -> bool:
    return bool(run.data.tags[record.MODEL] == model_id)


def _log(client: Any, run: Any, version: ModelVersion, content: bytes) -> None:
    from mlflow.entities import Metric, Param

    run_id, at = run.info.run_id, run.info.start_time
    # The start of the run as time: repeated after an interruption, they are the same.
    client.log_batch(
        run_id,
        metrics=[Metric(k, v, at, 0) for k, v in record.metrics(version).items()],
        params=[Param(k, v) for k, v in record.parameters(version).items()],
    )
    with tempfile.TemporaryDirectory() as folder:
        if content:
            weights = Path(folder) / "weights.safetensors"
            weights.write_bytes(content)
            client.log_artifact(run_id, str(weights), "model")
        report = Path(folder) / "calibration.json"
        report.write_text(json.dumps(version.calibration, indent=1))
        client.log_artifact(run_id, str(report))
    client.set_terminated(
        run_id, "FAILED" if version.status == "failed" else "FINISHED"
    )
