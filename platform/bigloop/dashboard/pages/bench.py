"""At the bench: trials as a sheet to fill in, for laboratories without a program."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from typing import Annotated

from fastapi import APIRouter, File, Form, Request
from fastapi.responses import HTMLResponse, Response

from bigloop.api.context import Used
from bigloop.api.routes import batches
from bigloop.api.routes.attempts import worker_of
from bigloop.api.security import Operator, Viewer
from bigloop.contracts import ConflictError, SpecError, TrialState
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.rendering import campaign_page, is_part, page

router = APIRouter()
_TAKEN = (TrialState.CLAIMED, TrialState.RUNNING)


@router.get("/c/{campaign}/bench", response_class=HTMLResponse)
def bench(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str
) -> HTMLResponse:
    """What a laboratory may take, and what it has taken."""
    moment = desk.store.moment(campaign)
    sources = moment.campaign.sources
    at_lab = [t for t in moment.trials if sources[t.proposal.source].is_physical]
    ready = [t for t in at_lab if t.state is TrialState.APPROVED and not t.hold]
    taken = [t for t in at_lab if t.state in _TAKEN]
    counts = {
        name: sum(t.proposal.source == name for t in ready)
        for name, source in sources.items()
        if source.is_physical
    }
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "bench",
        ready=counts,
        n_ready=len(ready),
        taken=taken,
        mine=worker_of(asking, batches.LABEL),
        version=".".join(str(t.version) for t in (*ready, *taken)),
    )


@router.post("/c/{campaign}/bench/take")
def take(
    context: Used,
    asking: Operator,
    campaign: str,
    source: Annotated[str, Form()] = "",
    n: Annotated[int, Form(ge=1, le=100)] = 8,
    days: Annotated[float, Form(gt=0, le=90)] = 7.0,
) -> Response:
    """Take up to `n` trials in one's own name; the answer is their sheet.

    Raises:
        SpecError: the source is not a laboratory's.
        ConflictError: nothing of it is ready.
    """
    store = context.store
    labs = [k for k, s in store.campaign(campaign).sources.items() if s.is_physical]
    if source not in labs:
        raise SpecError(f"source {source!r}: take one of {', '.join(labs) or 'none'}")
    before = store.last_seq()
    answer = batches.take(context, asking, campaign, None, n, [source], days)
    if store.last_seq() == before:
        raise ConflictError(f"nothing of {source} is ready; somebody took it, or look")
    return answer


@router.post("/c/{campaign}/bench/results", response_class=HTMLResponse)
def results(
    request: Request,
    context: Used,
    asking: Operator,
    campaign: str,
    sheet: Annotated[bytes, File()] = b"",
    shown: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """A sheet that was filled in: judged row by row, and written once it was shown.

    Args:
        request: of a page, or of a part of one.
        context: what it works on.
        asking: whose batch it is.
        campaign: its name.
        sheet: the file, to be looked at.
        shown: a file that was looked at, in base64: its results are written.

    Raises:
        SpecError: there is neither.
        ResultError: it is no sheet.
    """
    content = _shown(shown) if shown else sheet
    if not content:
        raise SpecError("sheet: choose the file that you filled in")
    filled, trials = batches.judged(context, asking, campaign, content)
    written = 0
    if shown:
        answer = batches.results(context, asking, campaign, content, preview=False)
        written = answer.written
    return page(
        request,
        asking,
        "judged",
        name=campaign,
        spec=context.store.campaign(campaign),
        filled=filled,
        trials=trials,
        ready=sum(row.result is not None for row in filled),
        wrong=sum(bool(row.problem) for row in filled),
        written=written,
        shown=b64encode(content).decode(),
        part=is_part(request),
    )


def _shown(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        raise SpecError("shown: it is no base64; choose the file again") from None
