"""Templates of the pages, and what every page is told."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bigloop.api.security import Principal, Role
from bigloop.contracts import TrialState, significant
from bigloop.dashboard.pages.desk import Desk
from bigloop.dashboard.wording import cost_text, design_text, quantity, unit_name

TABS = (
    ("queue", "", "What needs me"),
    ("trials", "/trials", "Trials"),
    ("learning", "/learning", "Model"),
    ("cost", "/cost", "Cost"),
    ("sources", "/sources", "Sources"),
    ("space", "/space", "Space"),
    ("events", "/events", "Events"),
)
"""The pages of a campaign: key, path behind its address, name."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bigloop.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "significant": significant,
        "unit": unit_name,
        "cost": cost_text,
        "when": when,
        "words": words,
        "typed": typed,
        "data": data,
    }
    environment.globals |= {"quantity": quantity, "design_text": design_text}
    return environment


def load_templates() -> None:
    """Compile all templates now, so that no page waits for it."""
    environment = _environment()
    for name in environment.list_templates(["j2"]):
        environment.get_template(name)


def when(moment: datetime) -> str:
    """A moment as people write it; the time zone is always said."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def typed(value: float | str) -> str:
    """A value as a person would type it, every digit of it kept."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def words(name: object) -> str:
    """`awaiting_approval` as words."""
    return str(name).replace("_", " ")


def data(value: Any) -> Markup:
    """JSON that can stand in a script block: it cannot end the block."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def page(
    request: Request, asking: Principal, template: str, status: int = 200, **known: Any
) -> HTMLResponse:
    """A page, or a part of one; `base` is the path under which a proxy shows it."""
    base = request.scope.get("root_path", "")
    role = asking.role
    text = (
        _environment()
        .get_template(f"pages/{template}.html.j2")
        .render(
            base=base,
            asking=asking,
            path=request.url.path,
            address=str(request.base_url).rstrip("/"),
            decides=role >= Role.SCIENTIST,
            operates=role >= Role.OPERATOR,
            has_session=bool(asking.name) and not _is_local(request),
            **known,
        )
    )
    # A page shows the moment: going back must not show an old queue.
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def _is_local(request: Request) -> bool:
    """Whether nobody has to log in, so that there is nothing to log out of."""
    return bool(request.app.state.context.local)


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
        tabs=TABS,
        tab=known.pop("tab", template),
        **known,
    )


def is_part(request: Request) -> bool:
    """Whether a page asks for a part of itself, and not a person for a page."""
    return request.headers.get("hx-request") == "true"
