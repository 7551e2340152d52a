"""The first page: every campaign, and what needs a person in it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Viewer
from bigloop.contracts import Account, TrialState
from bigloop.dashboard.advice import front_text
from bigloop.dashboard.fronts import measured_front
from bigloop.dashboard.measured import Measured, best_measured
from bigloop.dashboard.pages.desk import AtDesk, Desk
from bigloop.dashboard.pages.rendering import page
from bigloop.db import CampaignInfo

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A campaign in a few numbers."""

    info: CampaignInfo
    title: str
    waiting: int
    unknown: int
    trials: int
    best: Measured | None
    front: str
    """Where several observables decide, what of the measured designs counts."""
    accounts: dict[str, Account]

    @property
    def version(self) -> str:
        """Changes when something that is shown does."""
        return f"{self.info.updated_at.timestamp()}-{self.waiting}-{self.trials}"


@router.get("/", response_class=HTMLResponse)
def overview(request: Request, desk: AtDesk, asking: Viewer) -> HTMLResponse:
    """Campaigns with how many trials wait."""
    found = [_summary(desk, info) for info in desk.store.campaigns()]
    return page(request, asking, "overview", campaigns=found)


def _summary(desk: Desk, info: CampaignInfo) -> Summary:
    moment = desk.store.moment(info.name)
    states = [trial.state for trial in moment.trials]
    return Summary(
        info=info,
        title=moment.campaign.title,
        waiting=states.count(TrialState.AWAITING_APPROVAL),
        unknown=states.count(TrialState.UNKNOWN),
        trials=len(states),
        best=best_measured(moment.campaign, moment.observations),
        front=""
        if moment.campaign.is_plain
        else front_text(
            moment.campaign, measured_front(moment.campaign, moment.observations)
        ),
        accounts=moment.accounts,
    )
