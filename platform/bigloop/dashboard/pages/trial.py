"""One trial: why it was proposed, what came of it, and its run sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Viewer
from bigloop.contracts import Campaign, Trial, TrialState, significant
from bigloop.dashboard.images import address, pictures
from bigloop.dashboard.nearest import nearest
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.rendering import campaign_page, page
from bigloop.dashboard.pictures.curves import curves
from bigloop.dashboard.queue import ask
from bigloop.dashboard.wording import unit_name

router = APIRouter()


@router.get("/t/{trial}", response_class=HTMLResponse)
def trial(request: Request, desk: AtDesk, asking: Viewer, trial: str) -> HTMLResponse:
    """Why this experiment, its outcome and its history."""
    found = desk.store.trial(trial)
    moment, _ = desk.counted(found.campaign)
    now = desk.versions(found.campaign)
    before = [o for o in moment.observations if o.trial != found.id]
    files = desk.store.artifacts(found.campaign, found.id)
    return campaign_page(
        request,
        asking,
        desk,
        found.campaign,
        "trial",
        files=files,
        shots=[(a, address(a)) for a in pictures(files)],
        tab="trials",
        trial=found,
        a=ask(moment.campaign, moment.accounts, found, now),
        neighbours=nearest(moment.campaign, before, found.proposal.design, 4),
        executed=requested_and_executed(moment.campaign, found),
        curves=curves(moment.campaign, found),
        provenance=_provenance(found),
        entries=desk.chronicle(found.campaign).of(found.id),
        is_asked=found.state is TrialState.AWAITING_APPROVAL,
        mlflow=desk.mlflow,
    )


@router.get("/t/{trial}/sheet", response_class=HTMLResponse)
def sheet(request: Request, desk: AtDesk, asking: Viewer, trial: str) -> HTMLResponse:
    """What to do at the bench, to be printed, with the address of the trial."""
    found = desk.store.trial(trial)
    moment = desk.store.moment(found.campaign)
    address = f"{str(request.base_url).rstrip('/')}/t/{found.id}"
    spec = moment.campaign
    source = spec.sources[found.proposal.source]
    return page(
        request,
        asking,
        "sheet",
        trial=found,
        spec=spec,
        source=source,
        a=ask(spec, moment.accounts, found),
        yields=[(name, spec.observables[name]) for name in source.observes],
        where=address,
        code=code(address),
    )


def code(address: str) -> str:
    """A QR code as SVG that has no size of its own; quartile error correction."""
    import segno

    made = segno.make(address, error="q", micro=False)
    text: str = made.svg_inline(
        omitsize=True, border=2, svgclass="code", lineclass=None
    )
    return text


def requested_and_executed(
    spec: Campaign, trial: Trial
) -> Sequence[tuple[str, str, str, str]]:
    """Name, requested, executed and what is between them, where the source says it."""
    done = trial.outcome.executed if trial.outcome else {}
    rows = []
    for name, parameter in spec.parameters.items():
        if name not in done:
            continue
        asked, was = trial.proposal.design.get(name, "?"), done[name]
        unit = unit_name(parameter.unit)
        off = ""
        if isinstance(asked, float | int) and isinstance(was, float | int):
            off = (
                "as requested" if was == asked else f"{significant(was - asked)} {unit}"
            )
        rows.append((name, _shown(asked, unit), _shown(was, unit), off))
    return rows


def _shown(value: float | str, unit: str) -> str:
    text = value if isinstance(value, str) else significant(value)
    return f"{text} {unit}".rstrip()


def _provenance(trial: Trial) -> list[tuple[str, str]]:
    """What the source said of itself, flat."""
    said: dict[str, Any] = trial.outcome.provenance if trial.outcome else {}
    return [
        (name, ", ".join(map(str, v)) if isinstance(v, list | tuple) else str(v))
        for name, v in said.items()
    ]
