"""The designs among which an agent chooses and recommends."""

from __future__ import annotations

from bigloop.agents.belief import TARGET, Belief
from bigloop.agents.space import draw, neighbours
from bigloop.contracts import CampaignState, Design, canonical_json

N_RANDOM = 192
N_LOCAL = 24


def designs(state: CampaignState, belief: Belief) -> list[Design]:
    """The stock's designs, or feasible draws, neighbours of the best, and the known.

    A pure function of the state: the random sequence depends on the campaign's seed
    and on how many trials there are.
    """
    campaign = state.campaign
    if state.stock is not None:
        found = [s.design for s in state.stock if campaign.is_feasible(s.design)]
    else:
        seed = campaign.seed * 100_003 + len(state.trials)
        best = sorted(
            (d for d in belief.data if d.channel == TARGET), key=lambda d: -d.value
        )
        found = draw(campaign, N_RANDOM, seed)
        for rank, datum in enumerate(best[:3]):
            for scale in (0.1, 0.03, 0.01):
                found += neighbours(
                    campaign, datum.design, N_LOCAL // 3, scale, seed + rank
                )
        found += [d.design for d in belief.data]
    return list({canonical_json(design): design for design in found}.values())
