"""An agent of the platform as a method: the pure `propose`, without store or loop."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bigloop.bench.methods.base import Asked, Brief, Scale
from bigloop.bench.problem import Value
from bigloop.contracts import (
    Account,
    Agent,
    CampaignState,
    Design,
    Measurement,
    Observation,
    Outcome,
    Suggestion,
    Trial,
    TrialState,
    plugins,
)

_EPOCH = datetime.fromtimestamp(0, UTC)


class AgentMethod:
    """Keeps the campaign's state as store and loop would, and asks the agent.

    The expected result is read from the terms of the decision: `mean`, `sd_epistemic`
    and `sd_aleatoric`, taken as normal (log-normal where the objective is `log`).
    """

    def __init__(self, brief: Brief, name: str = "multi-fidelity") -> None:
        campaign = brief.campaign
        self._campaign, self._scale = campaign, Scale(campaign)
        self._agent: Agent = plugins.load("agents", name)(campaign)
        ((self._currency, limit),) = campaign.budget.items()
        self._state = CampaignState(
            campaign=campaign,
            trials=(),
            seen=(),
            observations=(),
            accounts={
                self._currency: Account(
                    currency=self._currency, limit=limit, reserved=0.0, spent=0.0
                )
            },
            stock=brief.stock,
        )
        self._running: list[Trial] = []

    def ask(self, left: float) -> Asked | None:
        """The agent's next proposal for any source."""
        found = self._agent.propose(self._state, list(self._campaign.sources))
        if not found:
            return None
        (suggestion,) = found
        trial = Trial(
            id=suggestion.proposal.id,
            campaign=self._campaign.name,
            proposal=suggestion.proposal,
            state=TrialState.RUNNING,
            decision=suggestion.decision,
            reserved=suggestion.cost,
            created_at=_EPOCH,
            updated_at=_EPOCH,
        )
        self._running.append(trial)
        self._book(reserved=suggestion.cost[self._currency])
        self._state = self._state.model_copy(
            update={"trials": (*self._state.trials, trial)}
        )
        return Asked(
            source=suggestion.proposal.source,
            design=suggestion.proposal.design,
            interval=self._expected(suggestion),
        )

    def tell(self, asked: Asked, value: Value) -> None:
        """Settle the oldest trial that was asked so."""
        trial = next(
            t
            for t in self._running
            if (t.proposal.source, t.proposal.design) == (asked.source, asked.design)
        )
        self._running.remove(trial)
        done, observations = self._settled(trial, value, asked.batch)
        cost = trial.reserved[self._currency]
        self._book(reserved=-cost, spent=cost)
        self._state = self._state.model_copy(
            update={
                "trials": tuple(
                    done if t.id == trial.id else t for t in self._state.trials
                ),
                "seen": (*self._state.seen, trial.id),
                "observations": (*self._state.observations, *observations),
            }
        )

    def _settled(
        self, trial: Trial, value: Value, batch: str | None
    ) -> tuple[Trial, list[Observation]]:
        """A trial with its outcome, and what was observed."""
        goal = self._campaign.objective.observable
        found = {goal: value} if isinstance(value, float | int) else value
        units = {k: o.unit for k, o in self._campaign.observables.items()}
        specimen = f"specimen{trial.proposal.number}"
        outcome = Outcome(
            status="success",
            measurements=tuple(
                Measurement(observable=k, value=v, unit=units[k])
                for k, v in found.items()
            ),
            cost=trial.reserved,
            executed=trial.proposal.design,
            specimen=specimen,
            batch=batch,
        )
        first = len(self._state.observations) + 1
        observations = [
            Observation(
                id=number,
                campaign=self._campaign.name,
                trial=trial.id,
                source=trial.proposal.source,
                design=trial.proposal.design,
                specimen=specimen,
                batch=batch,
                observable=name,
                value=v,
                unit=units[name],
                sd=None,
                age=None,
                censored=False,
                recorded_at=_EPOCH,
            )
            for number, (name, v) in enumerate(found.items(), start=first)
        ]
        update = {
            "state": TrialState.COMPLETED,
            "reserved": {},
            "spent": trial.reserved,
            "outcome": outcome,
        }
        return trial.model_copy(update=update), observations

    def recommend(self) -> Design | list[Design] | None:
        """What the agent recommends."""
        found = self._agent.recommend(self._state)
        if found is None:
            return None
        return [one.design for one in found.front] or found.design

    def _book(self, reserved: float = 0.0, spent: float = 0.0) -> None:
        account = self._state.accounts[self._currency]
        account = account.model_copy(
            update={
                "reserved": max(0.0, account.reserved + reserved),
                "spent": account.spent + spent,
            }
        )
        self._state = self._state.model_copy(
            update={"accounts": {self._currency: account}}
        )

    def _expected(self, suggestion: Suggestion) -> tuple[float, float] | None:
        terms = suggestion.decision.terms
        if not {"mean", "sd_epistemic", "sd_aleatoric"} <= set(terms):
            return None
        sd = math.hypot(terms["sd_epistemic"].value, terms["sd_aleatoric"].value)
        return self._scale.interval(self._scale.score(terms["mean"].value), sd)
