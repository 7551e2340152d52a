"""Which version of a source's model counts, and what an agent knows by it.

An observation that a model made is no measurement: when a newer version takes the
place of the one that made it, it no longer counts. It stays in the store and on the
pages; the agent's data hold what the present version says, and the same design may be
asked again.

Everything here follows from the store and from what has been taken in: a version exists
for the agent from the result after which it was trained, so that a loop that was killed
decides as if it had not been.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from bigloop.contracts import (
    Campaign,
    CampaignState,
    Observation,
    Proposal,
    Suggestion,
    Trial,
    is_superseded,
)
from bigloop.db import Moment, Standing, Store

_USED = ("champion", "retired")


def learning(campaign: Campaign) -> list[str]:
    """Sources that answer with a model that is trained while the campaign runs."""
    return [name for name, source in campaign.sources.items() if source.learns]


def present(standings: Iterable[Standing], n_seen: int) -> dict[str, str]:
    """The version in use by source, of the predictor under the empty name.

    Args:
        standings: of all models, in the order in which they were added.
        n_seen: how many results have been taken in.
    """
    return {
        standing.source: standing.id
        for standing in standings
        if standing.status in _USED and standing.seen <= n_seen
    }


def in_use(store: Store, campaign: str) -> dict[str, str]:
    """The version in use by source, of all that there are now."""
    return present(store.standings(campaign), sys.maxsize)


def as_known(state: CampaignState, versions: Mapping[str, str]) -> CampaignState:
    """A state without what older versions said, and without sources that have none.

    Args:
        state: of the campaign.
        versions: in use, by source.
    """
    names = learning(state.campaign)
    if not names:
        return state
    campaign, now = state.campaign, {k: versions[k] for k in names if k in versions}
    sources = {k: v for k, v in campaign.sources.items() if k in now or k not in names}
    counting = _counting(state.observations, names, now, state.trials)
    return state.model_copy(
        update={
            "campaign": campaign.model_copy(update={"sources": sources}),
            "observations": counting,
            "versions": now,
        }
    )


def counted(moment: Moment, versions: Mapping[str, str]) -> Moment:
    """A campaign as it stands, without what older versions said.

    Args:
        moment: of the campaign.
        versions: in use, by source.
    """
    names = learning(moment.campaign)
    if not names:
        return moment
    found = _counting(moment.observations, names, versions, moment.trials)
    return moment.only(found)


def asked_of(suggestion: Suggestion, state: CampaignState) -> Suggestion:
    """A suggestion to a source with a model: the version that will answer."""
    proposal = state.asked(suggestion.proposal)
    if proposal is suggestion.proposal:
        return suggestion
    return suggestion.model_copy(update={"proposal": proposal})


def _counting(
    observations: Iterable[Observation],
    names: Sequence[str],
    now: Mapping[str, str],
    trials: Sequence[Trial],
) -> tuple[Observation, ...]:
    """Observations that no model made, or the version of it that is in use."""
    asked = {t.id: t.proposal for t in trials if t.proposal.source in names}
    return tuple(o for o in observations if _counts(o, names, now, asked))


def _counts(
    item: Observation,
    names: Sequence[str],
    now: Mapping[str, str],
    asked: Mapping[str, Proposal],
) -> bool:
    if item.source not in names:
        return True
    proposal = asked.get(item.trial or "")
    if proposal is None or proposal.source not in now:
        # Of a source without a version in use nothing counts: it is not there yet.
        return False
    return not is_superseded(proposal, now)
