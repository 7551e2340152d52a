"""What is said of the first actions: before any result there is only the prior.

The opening does not choose by worth, so it needs no model; of what to expect, and how
far from it, its decisions state nothing, since no scale is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.agents.actions import Action, horizon
from bigloop.agents.belief import Belief
from bigloop.agents.failures import failures
from bigloop.agents.pending import coming
from bigloop.agents.valued import Valued
from bigloop.contracts import CampaignState, Cost


def is_unmeasured(state: CampaignState, belief: Belief) -> bool:
    """Whether a model would have nothing to go by: no value known, coming or failed."""
    seen = set(state.seen)
    failed = any(
        t.id in seen and t.outcome is not None and t.outcome.status == "failure"
        for t in state.trials
    )
    return not (belief.data or failed or coming(belief, state))


def by_prior(
    state: CampaignState, actions: Sequence[Action], left: Cost
) -> list[Valued]:
    """The affordable actions in the order given; nothing is expected of them yet."""
    known = failures(state)
    found = []
    for action in actions:
        source = state.campaign.sources[action.source]
        # How long a specimen lives is not known, so it may live for the longest.
        longest = source.longest_age or 0.0
        planned = horizon(source, action, left, longest, longest)
        if planned is None:
            continue
        until, reserve, expected = planned
        found.append(
            Valued(
                action=action,
                gain=0.0,
                gain_note="nothing is measured yet",
                odds=known.odds(action),
                share=sum(expected[c] / state.campaign.budget[c] for c in expected),
                score=0.0,
                until_age=until,
                reserve=reserve,
                expected=expected,
                mean=0.0,
                sd_epistemic=0.0,
                sd_aleatoric=0.0,
            )
        )
    return found
