"""What people do with the queue: approve, reject, edit, and many at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from bigloop.api.security import Operator, Role, Scientist, needs
from bigloop.contracts import (
    BigloopError,
    ConflictError,
    SpecError,
    Trial,
    TrialState,
)
from bigloop.dashboard.pages.asking import appraisal, values_of
from bigloop.dashboard.pages.desk import AtDesk, Desk
from bigloop.dashboard.pages.queue import amounts, line_of
from bigloop.dashboard.pages.rendering import is_part, page
from bigloop.dashboard.queue import ask, fit
from bigloop.loop.editing import edit_trial, preview

router = APIRouter()


async def _form(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


async def _several(request: Request) -> list[str]:
    return [str(value) for value in (await request.form()).getlist("trial")]


Form = Annotated[dict[str, str], Depends(_form)]
"""A parameter of a page: the fields of the form that was sent."""
Several = Annotated[list[str], Depends(_several)]
"""A parameter of a page: the trials that were ticked."""


@router.post("/t/{trial}/approve")
def approve(
    request: Request, desk: AtDesk, asking: Scientist, trial: str, form: Form
) -> Response:
    """Let a trial run that waits for a person."""
    try:
        done = desk.store.approve(
            trial, asking.name, form.get("reason", ""), version=seen_version(form)
        )
    except ConflictError as error:
        return lost_race(request, desk, asking, trial, error)
    return _answer(request, desk, asking, done)


@router.post("/t/{trial}/reject")
def reject(
    request: Request, desk: AtDesk, asking: Scientist, trial: str, form: Form
) -> Response:
    """Refuse a trial that waits for a person."""
    try:
        done = desk.store.reject(
            trial,
            asking.name,
            form.get("reason", ""),
            because=form.get("because", ""),
            limit=form.get("limit", ""),
            version=seen_version(form),
        )
    except ConflictError as error:
        return lost_race(request, desk, asking, trial, error)
    return _answer(request, desk, asking, done)


@router.post("/t/{trial}/edit")
def edit(
    request: Request, desk: AtDesk, asking: Scientist, trial: str, form: Form
) -> Response:
    """Put a changed proposal in the place of one that waits."""
    old = desk.store.trial(trial)
    reason = form.get("reason", "")
    if not reason.strip():
        raise SpecError("reason is empty; write it, the audit log keeps it")
    values, until = values_of(desk.store.campaign(old.campaign), old, form)
    planned = preview(desk.store, old, values, until)
    _, appraised = appraisal(desk, old, planned.proposal)
    try:
        new = edit_trial(
            desk.store,
            old.id,
            values,
            until,
            asking.name,
            reason,
            version=seen_version(form),
            appraised=appraised,
        )
    except ConflictError as error:
        return lost_race(request, desk, asking, trial, error)
    if not is_part(request):
        return _back(request, new.campaign)
    return line_of(request, desk, asking, desk.store.trial(old.id), new=new)


@router.post("/t/{trial}/cancel")
def cancel(
    request: Request, desk: AtDesk, asking: Scientist, trial: str, form: Form
) -> Response:
    """Withdraw a trial that has not been started."""
    try:
        reason, seen = form.get("reason", ""), seen_version(form)
        done = desk.store.cancel(trial, asking.name, reason, version=seen)
    except ConflictError as error:
        return lost_race(request, desk, asking, trial, error)
    return _answer(request, desk, asking, done)


@router.post("/t/{trial}/order")
def order(
    request: Request, desk: AtDesk, asking: Operator, trial: str, form: Form
) -> Response:
    """Set the priority of a trial, hold it, or release it.

    Raises:
        SpecError: the priority is no whole number.
        ForbiddenError: an operator may hold, and no more than that.
    """
    store, now, seen = desk.store, desk.store.trial(trial), seen_version(form)
    wanted = _whole(form.get("priority", str(now.priority)))
    hold = form.get("hold", "").strip()
    if wanted != now.priority or (now.hold and not hold):
        needs(asking, Role.SCIENTIST)
    try:
        if wanted != now.priority:
            now = store.rank(trial, wanted, asking.name, version=seen)
            seen = now.version
        if hold and hold != now.hold:
            store.hold(trial, asking.name, hold, version=seen)
        elif now.hold and not hold:
            store.unhold(trial, asking.name, version=seen)
    except ConflictError as error:
        return lost_race(request, desk, asking, trial, error)
    return _answer(request, desk, asking, desk.store.trial(trial))


def seen_version(form: dict[str, str]) -> int | None:
    """The trial's version on the page from which a form was sent; none: not said."""
    said = form.get("version", "")
    return _whole(said) if said else None


def _whole(said: str) -> int:
    try:
        return int(said)
    except ValueError:
        raise SpecError(f"{said!r} is not a whole number; write it like 5") from None


@router.post("/c/{campaign}/approve")
def approve_several(
    request: Request,
    desk: AtDesk,
    asking: Scientist,
    campaign: str,
    form: Form,
    several: Several,
) -> Response:
    """Approve the trials that were shown to fit into an amount.

    What was shown is what is approved: a trial that came in since is not, and one that
    no longer waits is told of.

    Raises:
        SpecError: they no longer fit into the amount that was given.
    """
    chosen = [desk.store.trial(trial) for trial in several]
    waiting = [t for t in chosen if t.state is TrialState.AWAITING_APPROVAL]
    given = amounts(form, list({c for t in waiting for c in t.reserved}))
    if fit(waiting, given).left_out:
        raise SpecError("these do not fit into that amount; look at the list again")
    lines = []
    for trial in chosen:
        try:
            done = desk.store.approve(trial.id, asking.name, form.get("reason", ""))
            lines.append((done, ""))
        except BigloopError as error:
            lines.append((desk.store.trial(trial.id), str(error)))
    if not is_part(request):
        return _back(request, campaign)
    return page(request, asking, "approved", lines=lines, n=len(lines))


def _answer(request: Request, desk: Desk, asking: Scientist, done: Trial) -> Response:
    if not is_part(request):
        return _back(request, done.campaign)
    if done.state is TrialState.AWAITING_APPROVAL:
        # Another person has to agree, too, or only its place in the queue changed.
        moment = desk.store.moment(done.campaign)
        now = desk.versions(done.campaign)
        card = ask(moment.campaign, moment.accounts, done, now)
        spec = moment.campaign
        return page(request, asking, "card_part", a=card, spec=spec)
    return line_of(request, desk, asking, done)


def lost_race(
    request: Request, desk: Desk, asking: Scientist, trial: str, error: ConflictError
) -> Response:
    """Somebody was faster: what they did stands in the place of the card."""
    now = desk.store.trial(trial)
    if is_part(request):
        return line_of(request, desk, asking, now, problem=str(error), status=409)
    raise error


def _back(request: Request, campaign: str) -> RedirectResponse:
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/c/{campaign}", 303)
