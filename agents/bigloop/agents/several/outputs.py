"""The observables of the target that decide, each as the objective of its own view."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bigloop.agents.belief import to_model
from bigloop.contracts import Campaign, CampaignState, Objective, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One observable that decides: an objective, one with a requirement, or both.

    Attributes:
        observable: its name.
        view: the campaign in which it alone is the objective; what other outputs are
            measured as is left out of it, so that each is learned for itself.
        goal: its objective; none where it only has to keep a bound.
        requirement: its bound; none where it is only an objective.
    """

    observable: str
    view: Campaign
    goal: Objective | None
    requirement: Requirement | None

    def of(self, state: CampaignState) -> CampaignState:
        """The state of the campaign as this output sees it."""
        return state.model_copy(update={"campaign": self.view})

    @property
    def window(self) -> tuple[float, float]:
        """The bounds on the model scale, larger is better; infinite where none is."""
        if self.requirement is None:
            return -math.inf, math.inf
        unit = self.view.observables[self.observable].unit
        low, high = self.requirement.window(unit)
        if self.view.observables[self.observable].log and low <= 0:
            low = -math.inf
        ends = [
            end if math.isinf(end) else to_model(self.view, self.observable, end)
            for end in (low, high)
        ]
        if self.goal is None or self.goal.goal == "maximize":
            return ends[0], ends[1]
        # Its model has the opposite sign, which infinite ends do not have yet.
        low, high = (-e if math.isinf(e) else e for e in reversed(ends))
        return low, high

    @property
    def reference(self) -> float | None:
        """What an objective must beat, on the model scale; none: not stated."""
        if self.goal is None or self.goal.reference is None:
            return None
        return to_model(self.view, self.observable, self.goal.reference)


def outputs(campaign: Campaign) -> list[Output]:
    """The objectives in order, then the observables that have requirements alone."""
    goals = {goal.observable: goal for goal in campaign.goals}
    names = list(dict.fromkeys([*goals, *campaign.requirements]))
    return [
        Output(
            observable=name,
            view=_view(campaign, name, goals.get(name), set(names) - {name}),
            goal=goals.get(name),
            requirement=campaign.requirements.get(name),
        )
        for name in names
    ]


def _view(
    campaign: Campaign, name: str, goal: Objective | None, others: set[str]
) -> Campaign:
    objective = Objective(
        observable=name,
        goal=goal.goal if goal else "maximize",
        source=campaign.objective.source,
    )
    sources = {
        key: source.model_copy(
            update={"observes": tuple(o for o in source.observes if o not in others)}
        )
        for key, source in campaign.sources.items()
    }
    changes = {"objective": objective, "objectives": (), "requirements": {}}
    return campaign.model_copy(update={**changes, "sources": sources})
