"""Finding the run of a model version in an MLflow server, for a person to look at."""

from __future__ import annotations

from typing import Any

from bigloop.contracts import NotFoundError, SourceError
from bigloop.tracking import record

_PATIENCE_S = 5.0


def run_address(server: str, campaign: str, model: str) -> str:
    """The page of a run, found by the tag that the tracker gave it.

    Raises:
        NotFoundError: there is no such run (yet).
        SourceError: the server does not answer as MLflow does.
    """
    # Only here: with all that it brings it is a tenth of the start of a server.
    import httpx

    root = server.rstrip("/")
    api = f"{root}/api/2.0/mlflow"
    with httpx.Client(timeout=_PATIENCE_S) as client:
        name = {"experiment_name": f"bigloop/{campaign}"}
        known = _asked(client.get, f"{api}/experiments/get-by-name", params=name)
        experiment = known.get("experiment", {}).get("experiment_id")
        tag = f"tags.`{record.MODEL}` = '{model}'"
        search = {"experiment_ids": [experiment], "filter": tag, "max_results": 1}
        runs = (
            _asked(client.post, f"{api}/runs/search", json=search).get("runs", [])
            if experiment
            else []
        )
    if not runs:
        raise NotFoundError(
            f"MLflow has no run of model {model[:12]} yet; models are delivered while "
            "`bigloop run` runs"
        )
    run = runs[0]["info"]["run_id"]
    return f"{root}/#/experiments/{experiment}/runs/{run}"


def _asked(call: Any, address: str, **given: Any) -> dict[str, Any]:
    import httpx

    try:
        answer = call(address, **given)
        if answer.status_code == 404:
            return {}
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SourceError(
            f"MLflow does not answer ({type(error).__name__}); see whether it runs"
        ) from None
    return found
