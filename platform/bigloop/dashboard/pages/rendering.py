"""Templates of the pages, and what every page is told."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Principal, Role
from bigloop.contracts import Campaign, TrialState
from bigloop.dashboard.pages.desk import Desk
from bigloop.dashboard.pages.figures import environment

TABS = (
    ("queue", "", "What needs me"),
    ("bench", "/bench", "Bench"),
    ("trials", "/trials", "Trials"),
    ("learning", "/learning", "Model"),
    ("cost", "/cost", "Cost"),
    ("sources", "/sources", "Sources"),
    ("space", "/space", "Space"),
    ("events", "/events", "Events"),
)
"""The pages of a campaign: key, path behind its address, name."""


def page(
    request: Request, asking: Principal, template: str, status: int = 200, **known: Any
) -> HTMLResponse:
    """A page, or a part of one; `base` is the path under which a proxy shows it."""
    base = request.scope.get("root_path", "")
    role = asking.role
    text = (
        environment()
        .get_template(f"pages/{template}.html.j2")
        .render(
            base=base,
            asking=asking,
            path=request.url.path,
            address=str(request.base_url).rstrip("/"),
            decides=role >= Role.SCIENTIST,
            operates=role >= Role.OPERATOR,
            has_session=asking.via == "login",
            **known,
        )
    )
    # A page shows the moment: going back must not show an old queue.
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def campaign_page(
    request: Request,
    asking: Principal,
    desk: Desk,
    campaign: str,
    template: str,
    **known: Any,
) -> HTMLResponse:
    """A page of a campaign, with its head: standing, pages, what waits.

    Raises:
        NotFoundError: there is no such campaign.
    """
    info = desk.info(campaign)
    moment = desk.store.moment(campaign)
    counts = Counter(trial.state for trial in moment.trials)
    return page(
        request,
        asking,
        template,
        info=info,
        spec=moment.campaign,
        counts=counts,
        n_trials=len(moment.trials),
        n_waiting=counts[TrialState.AWAITING_APPROVAL],
        n_unknown=counts[TrialState.UNKNOWN],
        tabs=_tabs(moment.campaign),
        tab=known.pop("tab", template),
        **known,
    )


def _tabs(spec: Campaign) -> list[tuple[str, str, str]]:
    """Its pages; there is no bench where all that runs is a program."""
    has_lab = any(source.is_physical for source in spec.sources.values())
    return [tab for tab in TABS if has_lab or tab[0] != "bench"]


def is_part(request: Request) -> bool:
    """Whether a page asks for a part of itself, and not a person for a page."""
    return request.headers.get("hx-request") == "true"
