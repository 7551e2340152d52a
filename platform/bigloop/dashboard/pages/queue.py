"""What needs a person now: the queue, and the parts of it that are asked for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Viewer
from bigloop.contracts import NotFoundError, SpecError, Trial, TrialState
from bigloop.dashboard.beyond import beyond, still_beyond
from bigloop.dashboard.decided import last_word
from bigloop.dashboard.pages.asking import appraisal, instead_of, values_of
from bigloop.dashboard.pages.desk import AtDesk, Desk
from bigloop.dashboard.pages.paging import cut
from bigloop.dashboard.pages.rendering import campaign_page, page
from bigloop.dashboard.queue import ask, fit
from bigloop.loop.editing import preview

router = APIRouter()
_ASKED = TrialState.AWAITING_APPROVAL
_CARDS = 25
Number = Annotated[int, Query(ge=1)]


async def _query(request: Request) -> dict[str, str]:
    return dict(request.query_params)


Given = Annotated[dict[str, str], Depends(_query)]
"""A parameter of a page: all that stands in its address."""


@router.get("/c/{campaign}", response_class=HTMLResponse)
def queue(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str, at: Number = 1
) -> HTMLResponse:
    """What waits for a person, and what nobody knows the end of."""
    moment = desk.store.moment(campaign)
    waiting = [t for t in moment.trials if t.state is _ASKED]
    waiting.sort(key=lambda t: -t.priority)
    shown = cut(waiting, at, _CARDS)
    now = desk.versions(campaign)
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "queue",
        asks=[ask(moment.campaign, moment.accounts, t, now) for t in shown.rows],
        shown=shown,
        lost=[t for t in moment.trials if t.state is TrialState.UNKNOWN][:_CARDS],
        running=sum(t.state is TrialState.RUNNING for t in moment.trials),
        accounts=moment.accounts,
        currencies=_currencies(waiting),
        over=still_beyond(moment.campaign, moment.trials),
    )


@router.get("/c/{campaign}/fit", response_class=HTMLResponse)
def fitting(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str, given: Given
) -> HTMLResponse:
    """Which of the waiting trials an amount pays for; nothing is decided here."""
    spec = desk.store.campaign(campaign)
    # What is beyond a limit is nobody's to approve in passing.
    waiting = [t for t in desk.store.trials(campaign, [_ASKED]) if not beyond(spec, t)]
    found = fit(waiting, amounts(given, _currencies(waiting)))
    return page(
        request,
        asking,
        "fit",
        found=found,
        spec=spec,
        given=given,
        campaign=campaign,
    )


@router.get("/t/{trial}/line", response_class=HTMLResponse)
def line(request: Request, desk: AtDesk, asking: Viewer, trial: str) -> HTMLResponse:
    """What became of a trial that was in the queue, in one line."""
    return line_of(request, desk, asking, desk.store.trial(trial))


@router.get("/t/{trial}/instead", response_class=HTMLResponse)
def instead(request: Request, desk: AtDesk, asking: Viewer, trial: str) -> HTMLResponse:
    """What the agent would propose if this trial were rejected."""
    found = desk.store.trial(trial)
    return page(
        request,
        asking,
        "instead",
        trial=found,
        spec=desk.store.campaign(found.campaign),
        found=instead_of(desk, found),
    )


@router.get("/t/{trial}/preview", response_class=HTMLResponse)
def previewed(
    request: Request, desk: AtDesk, asking: Viewer, trial: str, given: Given
) -> HTMLResponse:
    """An edit before it is sent: whether it fits, its price, the agent's score."""
    old = desk.store.trial(trial)
    spec = desk.store.campaign(old.campaign)
    known: dict[str, Any] = {"trial": old, "spec": spec, "problem": "", "edit": None}
    try:
        values, until = values_of(spec, old, given)
        edit = preview(desk.store, old, values, until)
        before, after = appraisal(desk, old, edit.proposal)
        known |= {"edit": edit, "before": before, "after": after}
    except (SpecError, NotFoundError) as error:
        known["problem"] = str(error)
    return page(request, asking, "preview", **known)


def line_of(
    request: Request,
    desk: Desk,
    asking: Viewer,
    trial: Trial,
    problem: str = "",
    status: int = 200,
    new: Trial | None = None,
) -> HTMLResponse:
    """One line: how a trial stands, who decided it and why; `new` is its edit."""
    word = last_word(desk.chronicle(trial.campaign).of(trial.id))
    spec = desk.store.campaign(trial.campaign)
    return page(
        request,
        asking,
        "line",
        status,
        trial=trial,
        spec=spec,
        word=word,
        problem=problem,
        new=new,
    )


def amounts(given: dict[str, str], currencies: list[str]) -> dict[str, float]:
    """Amounts by currency as they were typed; what cannot be read counts as nothing."""
    found = {}
    for currency in currencies:
        try:
            found[currency] = float(given.get(f"up_to_{currency}", "") or 0.0)
        except ValueError:
            found[currency] = 0.0
    return found


def _currencies(trials: list[Trial]) -> list[str]:
    return list(dict.fromkeys(c for t in trials for c in t.reserved))
