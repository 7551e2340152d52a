"""What every action is worth where several observables decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bigloop.agents.actions import Action, Plan, horizon
from bigloop.agents.failures import Failures
from bigloop.agents.following import followed
from bigloop.agents.pool import Pool
from bigloop.agents.several.gains import gains
from bigloop.agents.several.information import N_NEXT, among_batches, information
from bigloop.agents.several.learned import Learned, Moments
from bigloop.agents.several.standing import Standing
from bigloop.agents.several.terms import terms
from bigloop.agents.space import encode
from bigloop.agents.valued import Valued
from bigloop.contracts import Cost, Key, key_of

N_ELSEWHERE = 32
"""Designs of a source other than the target that are valued: the most promising."""


class Valuation:
    """Values actions by expected gains; built anew for every decision.

    Args:
        learned: the outputs, objectives first; pending results believed.
        standing: what was tried, and what is on its way.
        pool: designs that are worth a close look.
        left: what may still be reserved, by currency.
        failures: what is known of failed trials.
    """

    def __init__(
        self,
        learned: Sequence[Learned],
        standing: Standing,
        pool: Pool,
        left: Cost,
        failures: Failures,
    ) -> None:
        self.learned, self.standing, self.pool = learned, standing, pool
        self.left, self.failures = left, failures
        self.campaign = failures.campaign
        self.cells = standing.cells()
        self._tried = {key_of(d): i for i, d in enumerate(standing.designs)}
        self._front = set(standing.front)

    def value(self, actions: Sequence[Action]) -> list[Valued]:
        """The affordable actions of one source with their values, best first."""
        planned = [(a, p) for a in actions if (p := self._plan(a)) is not None]
        if not planned:
            return []
        source = planned[0][0].source
        designs = [action.design for action, _ in planned]
        x = encode(self.campaign, designs)
        moments = [one.moments(x) for one in self.learned]
        if source == self.campaign.objective.source:
            moments = [
                among_batches(one, source, designs, at)
                for one, at in zip(self.learned, moments, strict=True)
            ]
        found = self._gains(moments, [key_of(design) for design in designs])
        if source != self.campaign.objective.source:
            best = found.argsort(descending=True, stable=True)[:N_ELSEWHERE]
            planned = [planned[i] for i in best.tolist()]
            moments = [at.at(best) for at in moments]
            found = self._information(source, [action for action, _ in planned])
        valued = [
            self._valued(action, plan, float(found[k]), moments[0], k)
            for k, (action, plan) in enumerate(planned)
        ]
        return sorted(valued, key=lambda v: -v.score)

    def told(self, valued: Valued) -> Valued:
        """A valued action with the terms that decided."""
        x = encode(self.campaign, [valued.action.design])
        moments = [one.moments(x) for one in self.learned]
        return replace(
            valued, terms=terms(valued, self.learned, moments, self.standing)
        )

    def _gains(self, moments: Sequence[Moments], keys: Sequence[Key]) -> Tensor:
        """Of results of the target; of a design in the front, what moving it adds."""
        found = gains(self.learned, moments, self.cells)
        for k, key in enumerate(keys):
            if (i := self._tried.get(key)) is None or i not in self._front:
                continue
            at = [m.at(torch.tensor([k])) for m in moments]
            again = gains(self.learned, at, self.standing.cells(without=i))
            found[k] = (again[0] - self.standing.share(i)).clamp_min(0.0)
        return found

    def _information(self, source: str, actions: Sequence[Action]) -> Tensor:
        around = [one.moments(self.pool.x, 1) for one in self.learned]
        score = gains(self.learned, around, self.cells)
        best = score.argsort(descending=True, stable=True)[:N_NEXT]
        designs = [action.design for action in actions]
        return information(self.learned, source, designs, self.pool.x[best], self.cells)

    def _valued(
        self, action: Action, plan: Plan, gain: float, at: Moments, k: int
    ) -> Valued:
        until, reserve, expected = plan
        odds = self.failures.odds(action)
        share = sum(expected[c] / self.campaign.budget[c] for c in expected)
        one = self.learned[0]
        return Valued(
            action=action,
            gain=gain,
            gain_note="stated by the terms of several outputs",
            odds=odds,
            share=share,
            score=gain * odds.p_success / share,
            until_age=until,
            reserve=reserve,
            expected=expected,
            mean=float(at.average(at.mean)[k]),
            sd_epistemic=float(at.average(at.sd)[k]),
            sd_aleatoric=float(one.model.average(one.noise(one.model)).sqrt()),
        )

    def _plan(self, action: Action) -> Plan | None:
        return followed(self.campaign, action, self.left, self._afford)

    def _afford(self, action: Action, left: Cost) -> Plan | None:
        source = self.campaign.sources[action.source]
        longest = source.longest_age or 0.0
        return horizon(source, action, left, longest, longest)
