"""A campaign as its agent sees it, read from the store alone: nothing is written."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bigloop.contracts import (
    BigloopError,
    Campaign,
    CampaignState,
    Estimate,
    ModelVersion,
    Stock,
    TrialState,
)
from bigloop.db import Moment, Store
from bigloop.loop import versions
from bigloop.loop.sources import plan, stock_of
from bigloop.loop.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What an agent is asked with.

    Attributes:
        state: the campaign as the agent knows it.
        free: sources for which a proposal may be made now.
    """

    state: CampaignState
    free: tuple[str, ...]


def sight(
    store: Store,
    campaign: str,
    *,
    without: str = "",
    stock: Sequence[Stock] | None = None,
) -> Sight:
    """The campaign with all that has ended, as a loop would show it to its agent.

    Args:
        store: where the campaign is.
        campaign: its name.
        without: id of a trial that is looked at as if a person had rejected it.
        stock: what the laboratory has (`stock`); none: any feasible design.

    Raises:
        NotFoundError: there is no such campaign.
        SpecError: the champion's file is damaged.
    """
    moment = _rejected(store.moment(campaign), without)
    line = Timeline.caught_up(moment.campaign, moment.trials)
    seen = tuple(line.seen)
    now = versions.present(store.standings(campaign), len(seen))
    champion = store.model(campaign, now[""]) if "" in now else None
    known = versions.as_known(line.view(moment.state(seen)), now)
    state = known.model_copy(
        update={
            "estimates": _estimates(store, champion, seen),
            "model_version": None if champion is None else champion.id,
            "stock": None if stock is None else tuple(stock),
        }
    )
    free = [n for n in line.free(moment.trials) if n in state.campaign.sources]
    return Sight(state=state, free=tuple(free))


def stock(spec: Campaign, base: Path) -> tuple[Stock, ...] | None:
    """The designs that the campaign's laboratory can run; none when nobody can say.

    The laboratory is built with a journal of its own, which is thrown away: it is
    asked for its list and runs nothing.

    Args:
        spec: the campaign.
        base: folder that paths in the campaign are relative to.
    """
    if spec.candidates is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.db"
        try:
            made = plan(spec.sources[spec.candidates], base, journal, spec.seed)
            return stock_of(spec, made.build())
        except (BigloopError, OSError):
            return None


def _rejected(moment: Moment, trial: str) -> Moment:
    if not trial:
        return moment
    change = {"state": TrialState.REJECTED, "reserved": {}}
    trials = tuple(
        t.model_copy(update=change) if t.id == trial else t for t in moment.trials
    )
    return replace(moment, trials=trials)


def _estimates(
    store: Store, champion: ModelVersion | None, seen: tuple[str, ...]
) -> tuple[Estimate, ...]:
    if champion is None:
        return ()
    from bigloop.models.training import estimates

    spec = store.campaign(champion.campaign)
    snapshot = store.snapshot(champion.campaign, seen)
    return tuple(estimates(spec, champion, snapshot))
