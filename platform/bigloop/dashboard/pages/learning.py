"""What the model knows: uncertainty over time, parity, calibration, versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from bigloop.api.security import Viewer
from bigloop.contracts import (
    Campaign,
    ModelVersion,
    SpecError,
    canonical_json,
    content_hash,
)
from bigloop.dashboard.foresight import Foresight, foresights
from bigloop.dashboard.pages.desk import AtDesk, Desk
from bigloop.dashboard.pages.rendering import campaign_page
from bigloop.dashboard.pictures import learning as draw
from bigloop.dashboard.predictor_figures import champion_rows
from bigloop.dashboard.study import champion_of
from bigloop.dashboard.timeline import Timeline
from bigloop.dashboard.trust import coverage, parity, parity_words
from bigloop.db import Moment
from bigloop.tracking.finding import run_address

router = APIRouter()


@router.get("/c/{campaign}/learning", response_class=HTMLResponse)
def learning(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str
) -> HTMLResponse:
    """Whether the model deserves trust, in words first."""
    revision = desk.info(campaign).revision
    moment = desk.store.moment(campaign)
    spec, line = moment.campaign, desk.chronicle(campaign).timeline()
    versions = desk.store.models(campaign)
    champion = champion_of(versions)
    seen = foreseen(desk, spec)
    found = parity(seen)
    is_log = bool(spec.predictor and spec.observables[spec.predictor.predicts].log)
    shown = (campaign, str(revision), *_content(moment, line, champion), _hash(seen))
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "learning",
        figures=desk.drawn(
            ("learning", *shown),
            lambda: [
                draw.best(spec, line, moment.accounts),
                *draw.over_time(spec, moment.trials, line),
                draw.parity(spec, seen),
                draw.calibration(spec, seen),
                draw.champion_calibration(spec, champion_rows(champion)),
            ],
        ),
        verdict=coverage(seen, 0.9) if seen else None,
        parity=parity_words(found, is_log) if found else "",
        versions=list(reversed(versions)),
        mlflow=desk.mlflow,
        version=f"{len(line.results)}-{len(moment.trials)}-{len(versions)}",
    )


def _content(
    moment: Moment, line: Timeline, champion: ModelVersion | None
) -> tuple[str, ...]:
    """What charts are made from: results and trials are only ever added."""
    spent = {name: account.spent for name, account in moment.accounts.items()}
    return (
        f"{len(moment.trials)}.{len(line.results)}",
        repr([(t.decision, t.model, t.is_champion) for t in line.trainings]),
        canonical_json(spent),
        champion.id if champion else "",
    )


def _hash(seen: Sequence[Foresight]) -> str:
    return content_hash([asdict(f) for f in seen])


@router.get("/c/{campaign}/models/{model}/mlflow")
def run(desk: AtDesk, asking: Viewer, campaign: str, model: str) -> RedirectResponse:
    """Lead to the run of a model version in MLflow.

    Raises:
        SpecError: there is no MLflow server, only a file.
        NotFoundError: MLflow has no run of it (yet).
        SourceError: MLflow does not answer.
    """
    if not desk.mlflow:
        raise SpecError(
            "MLflow has no address here (BIGLOOP_MLFLOW); its file is opened by "
            "`mlflow ui --backend-store-uri sqlite:///.bigloop/mlflow.db`"
        )
    return RedirectResponse(
        run_address(desk.mlflow, desk.info(campaign).name, model), 307
    )


def foreseen(desk: Desk, spec: Campaign) -> list[Foresight]:
    """What predictors said beforehand; computed anew when there is something new."""
    if spec.predictor is None:
        return []
    snapshot = desk.store.snapshot(spec.name)
    versions = [v for v in desk.store.models(spec.name) if not v.source]
    last = versions[-1].id if versions else ""
    key = ("foresight", spec.name, last, snapshot.hash)
    return desk.kept(key, lambda: foresights(spec, versions, snapshot))
