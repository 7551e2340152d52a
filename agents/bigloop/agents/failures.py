"""Failed trials, and designs that people ruled out, as labels of feasibility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigloop.agents.actions import Action
from bigloop.agents.rejections import is_concerned, ruled_out
from bigloop.agents.space import Points, points_of
from bigloop.contracts import Campaign, CampaignState, Design, FailureClass

RANGE = 0.15
"""Distance in the unit cube over which a label speaks for its neighbours."""
NEAR = 2 * RANGE
"""Distance within which labels are counted as nearby: a weight of 0.14 or more."""
OF_THE_DESIGN = {FailureClass.CHEMISTRY, FailureClass.SOLVER, FailureClass.INPUT}
"""Failures that the design is to blame for; the others happen anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """The chance that an action succeeds, and what took from it.

    Attributes:
        p_success: what is left of 1.
        failures: what failures took.
        rejections: what designs that people ruled out took.
        n_failures: failures of the source, nearby (`NEAR`) and in all.
        n_rejections: designs ruled out for it, likewise.
    """

    p_success: float = 1.0
    failures: float = 0.0
    rejections: float = 0.0
    n_failures: tuple[int, int] = (0, 0)
    n_rejections: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is known of a source's designs: `n x d`, and 1 where a kind fits, `n`."""

    points: Points
    failed: Points
    rejected: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Labels by source; one without a bad one is left out."""

    campaign: Campaign
    known: dict[str, Labels]

    def odds(self, action: Action) -> Odds:
        """Chance that an action succeeds: a kernel-weighted Beta posterior mean.

        The prior counts as one success, so a source that never failed is trusted, and
        a neighbourhood that failed, or that a person ruled out, is avoided without
        being closed. A design that was ruled out counts as one trial that failed.
        """
        if (labels := self.known.get(action.source)) is None:
            return Odds()
        at = points_of(self.campaign, [action.design])
        distance = np.sqrt(np.square(labels.points - at).sum(axis=1))
        weight = np.exp(-0.5 * np.square(distance / RANGE))
        total, near = 1.0 + float(weight.sum()), distance <= NEAR
        failures = float(weight @ labels.failed) / total
        rejections = float(weight @ labels.rejected) / total
        return Odds(
            p_success=1.0 - failures - rejections,
            failures=failures,
            rejections=rejections,
            n_failures=_counts(labels.failed, near),
            n_rejections=_counts(labels.rejected, near),
        )


def _counts(label: Points, near: np.ndarray) -> tuple[int, int]:
    return int(label[near].sum()), int(label.sum())


def failures(state: CampaignState) -> Failures:
    """Collect what has ended and been taken in, and what people ruled out."""
    seen, out = set(state.seen), ruled_out(state)
    known: dict[str, Labels] = {}
    for name in state.campaign.sources:
        labels: list[tuple[Design, bool, bool]] = [
            (t.proposal.design, t.outcome.failure in OF_THE_DESIGN, False)
            for t in state.trials
            if t.id in seen
            and t.outcome is not None
            and t.proposal.source == name
            and not state.is_superseded(t)
        ]
        labels += [
            (t.proposal.design, False, True)
            for t in out
            if is_concerned(state.campaign, name, t.proposal.source)
        ]
        if any(failed or rejected for _, failed, rejected in labels):
            designs, failed, rejected = zip(*labels, strict=True)
            known[name] = Labels(
                points=points_of(state.campaign, designs),
                failed=np.array(failed, dtype=float),
                rejected=np.array(rejected, dtype=float),
            )
    return Failures(campaign=state.campaign, known=known)
