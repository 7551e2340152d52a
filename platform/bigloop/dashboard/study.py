"""Everything that a report shows, read at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bigloop.contracts import (
    Account,
    BigloopError,
    Campaign,
    ModelVersion,
    Observation,
    Recommendation,
    Trial,
    TrialState,
)
from bigloop.dashboard.foresight import Foresight, foresights
from bigloop.dashboard.recommendation import recommend
from bigloop.dashboard.timeline import Timeline, timeline
from bigloop.db import CampaignInfo, Store, VerifyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A campaign as the store holds it.

    Attributes:
        trouble: why there is no recommendation although there are results.
        verified: of the whole store, of which the campaign is a part.
    """

    spec: Campaign
    info: CampaignInfo
    trials: list[Trial]
    observations: list[Observation]
    accounts: dict[str, Account]
    versions: list[ModelVersion]
    timeline: Timeline
    foresights: list[Foresight]
    best: Recommendation | None
    trouble: str
    verified: VerifyReport

    @property
    def champion(self) -> ModelVersion | None:
        """The predictor in use."""
        return champion_of(self.versions)

    def of(self, *states: TrialState) -> list[Trial]:
        """Trials in these states."""
        return [trial for trial in self.trials if trial.state in states]


def study(store: Store, campaign: str, known: Recommendation | None = None) -> Study:
    """Read a campaign; its agent is asked unless the recommendation is `known`.

    Raises:
        NotFoundError: there is no such campaign.
    """
    spec = store.campaign(campaign)
    versions = store.models(campaign)
    best, trouble = (known, "") if known else _recommendation(store, campaign)
    return Study(
        spec=spec,
        info=next(info for info in store.campaigns() if info.name == campaign),
        trials=store.trials(campaign),
        observations=store.observations(campaign),
        accounts=store.ledger(campaign),
        versions=versions,
        timeline=timeline(spec, store.every_event(campaign)),
        foresights=_foresights(store, spec, versions),
        best=best,
        trouble=trouble,
        verified=store.verify(),
    )


def _recommendation(store: Store, name: str) -> tuple[Recommendation | None, str]:
    try:
        return recommend(store, name), ""
    except BigloopError as error:
        return None, str(error)


def _foresights(
    store: Store, spec: Campaign, versions: list[ModelVersion]
) -> list[Foresight]:
    if spec.predictor is None or not versions:
        return []
    mine = [version for version in versions if not version.source]
    return foresights(spec, mine, store.snapshot(spec.name))


def champion_of(versions: Sequence[ModelVersion]) -> ModelVersion | None:
    """The predictor in use among all models."""
    mine = (v for v in versions if v.status == "champion" and not v.source)
    return next(mine, None)
