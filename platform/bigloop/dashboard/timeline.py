"""How a campaign went, decision by decision, from its events alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bigloop.contracts import Campaign, Cost, Design, Event
from bigloop.dashboard.fronts import decisive


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The books after a decision and all that happened before the next one.

    Attributes:
        decision: how many proposals had been made.
        n_ended: results taken in, by source.
        share: part of the budget that each source has spent, over all currencies.
    """

    decision: int
    spent: Cost
    reserved: Cost
    n_ended: dict[str, int]
    share: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One specimen measured at the target fidelity."""

    decision: int
    spent: Cost
    """By the whole campaign, when the result came in."""
    design: Design
    value: float
    batch: str | None
    trial: str
    values: dict[str, float] = field(default_factory=dict)
    """Of all that decides, where that is more than one observable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A predictor was trained."""

    decision: int
    model: str
    is_champion: bool


@dataclass(slots=True)
class Timeline:
    """Everything above, in order."""

    moments: list[Moment] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)


def timeline(spec: Campaign, events: Iterable[Event]) -> Timeline:
    """Walk through the events of a campaign."""
    walk = Walk(spec)
    for event in events:
        walk.take(event)
    return walk.timeline()


class Walk:
    """Goes through the events of a campaign, and may go on when there are more."""

    def __init__(self, spec: Campaign) -> None:
        self.spec, self.found = spec, Timeline()
        self.decision = 0
        self.spent: Counter[str] = Counter()
        self.held: dict[str, Cost] = {}
        self.source: dict[str, str] = {}
        self.n_ended: Counter[str] = Counter()
        self.share: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """Go on by one event."""
        kind = event.kind
        if kind == "trial.proposed":
            self.found.moments.append(self._now())
            self.decision += 1
            self.held[event.subject] = event.data["cost"]
            self.source[event.subject] = event.data["proposal"]["source"]
        elif kind in ("trial.completed", "trial.failed"):
            self._end(event)
        elif kind in ("trial.rejected", "trial.cancelled", "trial.expired"):
            self.held.pop(event.subject, None)
        elif kind == "model.added":
            self.found.trainings.append(
                Training(decision=self.decision, model=event.subject, is_champion=False)
            )
        elif kind == "model.promoted":
            self.found.trainings = [
                Training(decision=t.decision, model=t.model, is_champion=True)
                if t.model == event.subject
                else t
                for t in self.found.trainings
            ]

    def _end(self, event: Event) -> None:
        source = self.source[event.subject]
        self.held.pop(event.subject, None)
        self.n_ended[source] += 1
        for currency, amount in event.data["outcome"]["cost"].items():
            self.spent[currency] += amount
            self.share[source] += amount / self.spec.budget.get(currency, amount or 1.0)
        goal = self.spec.objective
        if source != goal.source:
            return
        if not self.spec.is_plain:
            self._together(event)
            return
        for item in event.data["observations"]:
            if item["observable"] == goal.observable and not item["censored"]:
                self._result(event, item)

    def _together(self, event: Event) -> None:
        """A result of all observables that decide; one that lacks any is none."""
        exact = [item for item in event.data["observations"] if not item["censored"]]
        wanted = decisive(self.spec)
        values = {
            item["observable"]: float(item["value"])
            for item in exact
            if item["observable"] in wanted
        }
        if len(values) == len(wanted):
            first = next(i for i in exact if i["observable"] == wanted[0])
            self._result(event, first, values)

    def _result(
        self,
        event: Event,
        item: dict[str, Any],
        values: dict[str, float] | None = None,
    ) -> None:
        self.found.results.append(
            Result(
                decision=self.decision,
                spent=dict(self.spent),
                design=item["design"],
                value=item["value"],
                batch=item["batch"],
                trial=event.subject,
                values=values or {},
            )
        )

    def timeline(self) -> Timeline:
        """How it went up to here."""
        found = self.found
        return Timeline(
            moments=[*found.moments, self._now()],
            results=list(found.results),
            trainings=list(found.trainings),
        )

    def _now(self) -> Moment:
        """The books as they are before the next decision."""
        reserved: Counter[str] = Counter()
        for cost in self.held.values():
            reserved.update(cost)
        return Moment(
            decision=self.decision,
            spent=dict(self.spent),
            reserved=dict(reserved),
            n_ended=dict(self.n_ended),
            share=dict(self.share),
        )
