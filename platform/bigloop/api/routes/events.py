"""Events: the audit log, a page at a time, and whether it is whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from bigloop.api.answering import Limit
from bigloop.api.context import Used
from bigloop.api.security import Viewer
from bigloop.contracts import Document, Event
from bigloop.db import VerifyReport

router = APIRouter(tags=["events"])


class EventPage(Document):
    """A page of events."""

    events: tuple[Event, ...]
    next: int | None = None
    """`after` of the following page; none: this is the last for now."""


@router.get("/events")
def events(
    context: Used,
    _: Viewer,
    campaign: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Limit = 100,
) -> EventPage:
    """Events in order; those of one campaign, or all, people and tokens too."""
    found = context.store.events(after, campaign, limit)
    following = found[-1].seq if len(found) == limit else None
    return EventPage(events=tuple(_light(event) for event in found), next=following)


@router.get("/verify")
def verify(context: Used, _: Viewer) -> VerifyReport:
    """Check the chain of events, replay it, and compare; takes its time."""
    return context.store.verify()


def _light(event: Event) -> Event:
    """Without the weights of models: they have a route of their own."""
    if event.kind != "model.added":
        return event
    version = {**event.data["version"], "artifact": ""}
    return event.model_copy(update={"data": {**event.data, "version": version}})
