"""Saying what became of a trial that was lost: a task of whoever is at the bench."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from bigloop.api.security import Operator
from bigloop.api.sessions import base_of
from bigloop.contracts import Campaign, ConflictError, Outcome, Trial, number
from bigloop.dashboard.pages.deciding import Form, lost_race, seen_version
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.queue import line_of
from bigloop.dashboard.pages.rendering import is_part
from bigloop.loop.resolving import resolution

router = APIRouter()
_VALUE = "value_"


async def _ticked(request: Request) -> list[str]:
    return [str(item) for item in (await request.form()).getlist("ticked")]


@router.post("/t/{trial}/resolve")
def resolve(
    request: Request,
    desk: AtDesk,
    asking: Operator,
    trial: str,
    form: Form,
    ticked: Annotated[list[str], Depends(_ticked)],
) -> Response:
    """Record what a person says became of an `unknown` trial."""
    store, old = desk.store, desk.store.trial(trial)
    said = _outcome(store.campaign(old.campaign), old, form)
    reason = form.get("reason", "")
    said = said.model_copy(update={"message": reason})
    seen = seen_version(form)
    try:
        done = store.resolve(
            old.id, said, asking.name, reason, ticked=ticked, version=seen
        )
    except ConflictError as error:
        return lost_race(request, desk, asking, trial, error)
    if not is_part(request):
        return RedirectResponse(f"{base_of(request)}/c/{old.campaign}", 303)
    return line_of(request, desk, asking, done)


def _outcome(spec: Campaign, trial: Trial, form: dict[str, str]) -> Outcome:
    """What the form says; a field that is left empty says nothing.

    Raises:
        SpecError: a word or a number is wrong, or a success measures nothing.
    """
    given = {name: text.strip() for name, text in form.items()}
    values: dict[str, str | float] = {
        name.removeprefix(_VALUE): text
        for name, text in given.items()
        if name.startswith(_VALUE) and text
    }
    word = given.get("outcome", "")
    age = given.get("age", "")
    return resolution(
        spec,
        trial,
        "completed" if word == "completed" else "failed",
        values,
        word,
        age=number("age", age) if age else None,
        specimen=given.get("specimen") or None,
    )
