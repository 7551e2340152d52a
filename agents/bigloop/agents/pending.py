"""Trials on their way, as items that the model believes before they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigloop.agents.belief import TARGET, Belief, Datum, channels, specimen_of
from bigloop.contracts import CampaignState, Trial

if TYPE_CHECKING:
    from bigloop.agents.items import Items


def pending(belief: Belief, state: CampaignState) -> Items:
    """Results to come of the pending trials (fantasies at the model's own mean)."""
    return belief.items(coming(belief, state))


def coming(belief: Belief, state: CampaignState) -> list[Datum]:
    """The values that the pending trials will give."""
    known = [d.noise for d in belief.data if d.is_estimate]
    noise = sum(known) / len(known) if known else None
    rows = [_datum(state, trial, noise, belief) for trial in state.pending]
    return [row for row in rows if row is not None]


def _datum(
    state: CampaignState, trial: Trial, noise: float | None, belief: Belief
) -> Datum | None:
    """The value that a trial will give; none while no estimate can be made of it."""
    numbers = channels(state.campaign)
    source = trial.proposal.source
    channel = next((c for (s, _), c in numbers.items() if s == source), None)
    if channel is None and noise is None:
        return None
    is_measured = channel == TARGET
    # Of a trial that has ended but is not taken in the outcome says the batch, which
    # may not be known yet: the same decisions follow whether it came in or not.
    proposal = trial.proposal
    return Datum(
        design=trial.proposal.design,
        channel=TARGET if channel is None else channel,
        specimen=specimen_of(trial),
        value=0.0,
        noise=belief.own_noise if is_measured else (noise or 0.0) * (channel is None),
        is_estimate=channel is None,
        batch=belief.batches.to_come(proposal.design, proposal.specimen),
    )
