"""Batches: trials as a sheet that a person takes to the bench and brings back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from bigloop.api.answering import CampaignName, Key
from bigloop.api.context import Context, Used
from bigloop.api.files import attachment
from bigloop.api.routes.attempts import worker_of
from bigloop.api.routes.observations import Csv
from bigloop.api.security import Operator, Principal
from bigloop.contracts import Claim, Document, Trial, TrialState
from bigloop.loop.batches import Filled, read_rows, sheet_rows
from bigloop.loop.handing_in import outcome_of
from bigloop.loop.sheet import sheet_bytes, sheet_of

router = APIRouter(tags=["batches"])
LABEL = "batch"
"""Batches of a person are held as `person/batch`."""
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
_DAY = 86400.0


class RowAnswer(Document):
    """What becomes of a row."""

    row: int
    """As a spreadsheet shows it; the header is row 1."""
    trial: str
    state: Literal["ready", "written", "empty", "wrong"]
    """`ready`: would be written; `empty`: nothing is filled in yet."""
    problem: str = ""


class BatchAnswer(Document):
    """What becomes of a sheet."""

    rows: tuple[RowAnswer, ...]
    written: int
    """0 in a preview, and where any row is wrong."""


@router.post("/campaigns/{campaign}/batch", response_class=Response, responses=_CSV)
def take(
    context: Used,
    asking: Operator,
    campaign: CampaignName,
    key: Key,
    n: Annotated[int, Query(ge=1, le=100)] = 8,
    source: Annotated[list[str] | None, Query()] = None,
    days: Annotated[float, Query(gt=0, le=90)] = 7.0,
) -> Response:
    """Take up to `n` trials to the bench: they run from now, in one's own name."""
    store, worker = context.store, worker_of(asking, LABEL)
    store.campaign(campaign)
    for number in range(n):
        # Of a request that is sent again, what it took before is not taken twice.
        once = None if key is None else f"{key}:{number}"
        claim = store.claim(worker, source, days * _DAY, campaign, idempotency_key=once)
        if claim is None:
            break
        if claim.trial.state == TrialState.CLAIMED:
            store.start(claim)
    return _sheet(context, asking, campaign)


@router.get("/campaigns/{campaign}/batch.csv", response_class=Response, responses=_CSV)
def batch(context: Used, asking: Operator, campaign: CampaignName) -> Response:
    """One's own batch as a sheet to fill in; takes nothing."""
    context.store.campaign(campaign)
    return _sheet(context, asking, campaign)


@router.post("/campaigns/{campaign}/batch/results")
def results(
    context: Used,
    asking: Operator,
    campaign: CampaignName,
    content: Csv,
    preview: bool = True,
) -> BatchAnswer:
    """A sheet that was filled in: every row is judged; all are written, or none.

    Sent again, what was written already is no change.
    """
    store, worker = context.store, worker_of(asking, LABEL)
    spec = store.campaign(campaign)
    filled, trials = judged(context, asking, campaign, content)
    if preview or any(row.problem for row in filled):
        return BatchAnswer(
            rows=tuple(_answer(row, "ready") for row in filled), written=0
        )
    n = 0
    for row in filled:
        if row.result is None:
            continue
        trial = trials[row.trial]
        held = _claim(trial, row, worker)
        store.complete(held, outcome_of(spec, trial, row.result))
        n += 1
    return BatchAnswer(rows=tuple(_answer(row, "written") for row in filled), written=n)


def judged(
    context: Context, asking: Principal, campaign: str, content: bytes
) -> tuple[list[Filled], dict[str, Trial]]:
    """What a sheet says, row by row, and the trials of the campaign; writes nothing.

    Raises:
        ResultError: it is no sheet, or a column is missing.
    """
    spec = context.store.campaign(campaign)
    trials = {trial.id: trial for trial in context.store.trials(campaign)}
    sheet, worker = sheet_of("batch.csv", content), worker_of(asking, LABEL)
    return read_rows(spec, sheet, trials, worker), trials


def _sheet(context: Used, asking: Principal, campaign: str) -> Response:
    worker, store = worker_of(asking, LABEL), context.store
    mine = [
        _claim(trial, None, worker)
        for trial in store.trials(campaign, [TrialState.RUNNING])
        if trial.worker == worker
    ]
    columns, rows = sheet_rows(store.campaign(campaign), mine)
    content = sheet_bytes(".csv", columns, rows)
    return attachment(content, f"{campaign}-batch.csv", "text/csv; charset=utf-8")


def _claim(trial: Trial, row: Filled | None, worker: str) -> Claim:
    token = trial.attempts if row is None else row.token
    return Claim(trial=trial, worker=worker, token=token, lease_until=trial.updated_at)


def _answer(row: Filled, done: Literal["ready", "written"]) -> RowAnswer:
    state: Literal["ready", "written", "empty", "wrong"] = done
    if row.problem:
        state = "wrong"
    elif row.result is None:
        state = "empty"
    return RowAnswer(row=row.number, trial=row.trial, state=state, problem=row.problem)
