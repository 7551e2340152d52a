"""Failed trials as labels of feasibility."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigloop.agents.actions import Action
from bigloop.agents.space import encode
from bigloop.contracts import Campaign, CampaignState, FailureClass

if TYPE_CHECKING:
    from torch import Tensor

RANGE = 0.15
"""Distance in the unit cube over which a failure speaks for its neighbours."""
OF_THE_DESIGN = {FailureClass.CHEMISTRY, FailureClass.SOLVER, FailureClass.INPUT}
"""Failures that the design is to blame for; the others happen anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Trials that ran, by source: designs `n x d` and 1 where the design failed."""

    campaign: Campaign
    ran: dict[str, tuple[Tensor, list[float]]]

    def p_success(self, action: Action) -> float:
        """Chance that an action succeeds: a kernel-weighted Beta posterior mean.

        The prior counts as one success in ten trials' worth of weight, so a source
        that never failed is trusted, and a neighbourhood that failed is avoided
        without being closed.
        """
        if action.source not in self.ran:
            return 1.0
        points, failed = self.ran[action.source]
        if not any(failed):
            return 1.0
        from torch import cdist

        at = encode(self.campaign, [action.design])
        distance = cdist(at, points)[0].tolist()
        weights = [math.exp(-0.5 * (d / RANGE) ** 2) for d in distance]
        bad = sum(w * f for w, f in zip(weights, failed, strict=True))
        return 1.0 - bad / (1.0 + sum(weights))


def failures(state: CampaignState) -> Failures:
    """Collect what has ended and been taken in."""
    seen = set(state.seen)
    ran: dict[str, tuple[Tensor, list[float]]] = {}
    for name in state.campaign.sources:
        ended = [
            t
            for t in state.trials
            if t.id in seen and t.outcome is not None and t.proposal.source == name
        ]
        if ended:
            points = encode(state.campaign, [t.proposal.design for t in ended])
            labels = [
                float(t.outcome is not None and t.outcome.failure in OF_THE_DESIGN)
                for t in ended
            ]
            ran[name] = points, labels
    return Failures(campaign=state.campaign, ran=ran)
