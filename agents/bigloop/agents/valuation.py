"""What every action is worth per share of its budget."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bigloop.agents.actions import Action, Plan, horizon, is_early
from bigloop.agents.ahead import improvement, information
from bigloop.agents.belief import TARGET, Belief, Datum, channels, recommendable
from bigloop.agents.failures import Failures
from bigloop.agents.following import followed
from bigloop.agents.items import Items, latent
from bigloop.agents.knowledge_gradient import knowledge_gradient
from bigloop.agents.opening import n_labels
from bigloop.agents.pool import Pool
from bigloop.agents.source_model import Seen, SourceModel
from bigloop.agents.space import encode
from bigloop.agents.valued import Valued
from bigloop.contracts import Cost, key_of


class Valuation:
    """Values actions under one model; built anew for every decision.

    Args:
        belief: data and scales.
        model: fitted on the data, pending trials believed.
        pool: the designs among which the campaign will recommend.
        left: what may still be reserved, by currency.
        failures: what is known of failed trials.
        is_led: whether other sources may lead the target: results are then valued by
            what they add to the best design that the target has run (`ahead`), else by
            the knowledge gradient.
    """

    def __init__(
        self,
        belief: Belief,
        model: SourceModel,
        pool: Pool,
        left: Cost,
        failures: Failures,
        is_led: bool = False,
    ) -> None:
        self.belief, self.model, self.left = belief, model, left
        self.failures = failures
        self.campaign = belief.campaign
        self._tried: Seen | None = None
        if is_led and (known := recommendable(belief)):
            tried = {key_of(design): design for design in known}
            x = encode(self.campaign, list(tried.values()))
            self._tried = model.see(latent(x, belief.n_common))
        self.targets = model.see(latent(pool.x, belief.n_common))
        self._number = {key: index for index, key in enumerate(pool.keys)}

    def value(self, actions: Sequence[Action]) -> list[Valued]:
        """The affordable actions with their values, in the order given."""
        planned = [(a, p) for a in actions if (p := self._plan(a)) is not None]
        if not planned:
            return []
        chosen = [action for action, _ in planned]
        designs = self._designs(chosen)
        seen = self._results(chosen, designs)
        gains = self.model.average(self._gains(chosen, designs, seen)).tolist()
        means, epistemic, aleatoric = (m.tolist() for m in self._moments(designs))
        sd_batch = self.model.sd_batch(TARGET)
        found = []
        for k, (action, (until, reserve, expected)) in enumerate(planned):
            odds = self.failures.odds(action)
            share = sum(expected[c] / self.campaign.budget[c] for c in expected)
            found.append(
                Valued(
                    action=action,
                    gain=gains[k],
                    gain_note=self._note(action),
                    odds=odds,
                    share=share,
                    score=gains[k] * odds.p_success / share,
                    until_age=until,
                    reserve=reserve,
                    expected=expected,
                    mean=means[k],
                    sd_epistemic=epistemic[k],
                    sd_aleatoric=aleatoric[k],
                    sd_batch=sd_batch,
                )
            )
        return found

    def _gains(self, actions: Sequence[Action], designs: Seen, seen: Seen) -> Tensor:
        """What the results of actions are expected to add, `s x a`.

        Args:
            actions: `a` of them.
            designs: of the actions, as means over specimens.
            seen: the results.
        """
        change = self._change(self.targets, seen)
        if self._tried is None:
            return knowledge_gradient(self.targets.mean, change)
        best, where = self._tried.mean.max(dim=1)
        goal = self.campaign.objective.source
        is_goal = torch.tensor([a.source == goal for a in actions])
        own = self._change(designs, seen).diagonal(dim1=-2, dim2=-1)
        rival = self._change(self._tried, seen)[torch.arange(len(best)), where]
        gains = improvement(designs.mean - best[:, None], (own - rival).abs())
        if not is_goal.all():
            gains[:, ~is_goal] = information(
                self.targets.mean - best[:, None],
                self.targets.variance,
                self._scatter(),
                change[..., ~is_goal],
            )
        return gains

    def _note(self, action: Action) -> str:
        """What the gain of an action is a gain of."""
        if self._tried is None:
            return "expected rise of the best mean by this result"
        if action.source == self.campaign.objective.source:
            return "expected rise of the best mean among tried designs by this result"
        return "what this result may add, as expected, to the gain of the target's next"

    def _change(self, of: Seen, by: Seen) -> Tensor:
        """Standard deviation by which results will change means, `s x m x a`."""
        return self.model.between(of, by) / by.variance.sqrt().unsqueeze(-2)

    def _scatter(self) -> Tensor:
        """Variance of a result of the target about its design, `s`."""
        return self.model.h.spread(TARGET) + self.belief.own_variance

    def _designs(self, actions: Sequence[Action]) -> Seen:
        """The designs of actions, as means over specimens at the target."""
        index = [self._number.get(key_of(a.design), -1) for a in actions]
        if index == list(range(len(self._number))):
            return self.targets
        if -1 not in index:
            return self.targets.at(index)
        x = encode(self.campaign, [a.design for a in actions])
        return self.model.see(latent(x, self.belief.n_common))

    def _results(self, actions: Sequence[Action], designs: Seen) -> Seen:
        """The results that actions would give."""
        items = self._items(actions)
        target = self.campaign.objective.source
        is_new = all(a.source == target and a.specimen is None for a in actions)
        if is_new and not self.belief.batches.fresh:
            return self.model.specimens(designs, items)
        return self.model.see(items)

    def _items(self, actions: Sequence[Action]) -> Items:
        """The result that each action would give, as items of the model."""
        numbers = channels(self.campaign)
        noise = self._typical_estimate()
        rows = []
        for index, action in enumerate(actions):
            early = is_early(self.campaign, action.source)
            if early:
                channel = TARGET
            else:
                channel = next(c for (s, _), c in numbers.items() if s == action.source)
            rows.append(
                Datum(
                    design=action.design,
                    channel=channel,
                    specimen=action.specimen or f"action:{index}",
                    value=0.0,
                    noise=noise if early else self._own(channel),
                    is_estimate=early,
                    batch=self.belief.batches.to_come(action.design, action.specimen),
                )
            )
        return self.belief.asked(rows)

    def _own(self, channel: int) -> float:
        return self.belief.own_noise if channel == TARGET else 0.0

    def _typical_estimate(self) -> float:
        """Noise that a further estimate is expected to have; without any, useless."""
        known = [d.noise for d in self.belief.data if d.is_estimate]
        return sum(known) / len(known) if known else 1e3

    def _moments(self, designs: Seen) -> tuple[Tensor, Tensor, Tensor]:
        mean = self.model.average(designs.mean)
        spread = designs.variance + (designs.mean - mean).square()
        epistemic = self.model.average(spread).sqrt()
        noise = self.model.average(self._scatter()).sqrt()
        return mean, epistemic, noise.expand(len(mean))

    def _plan(self, action: Action) -> Plan | None:
        return followed(self.campaign, action, self.left, self._afford)

    def _afford(self, action: Action, left: Cost) -> Plan | None:
        source = self.campaign.sources[action.source]
        expected_age, upper_age = 0.0, 0.0
        if source.cost_per_age and source.until_age is None:
            expected_age, upper_age = self.life(action)
        return horizon(source, action, left, expected_age, upper_age)

    def life(self, action: Action) -> tuple[float, float]:
        """Expected and upper (99.5 %) end of the specimen on the objective's scale."""
        source = self.campaign.sources[action.source]
        n_ends = sum(
            d.channel == TARGET and not d.is_estimate for d in self.belief.data
        )
        is_known = n_ends >= max(1, n_labels(self.campaign))
        if source.age_unit != self._objective_unit() or not is_known:
            return source.longest_age or 0.0, source.longest_age or 0.0
        item = self.belief.asked(
            [
                Datum(
                    design=action.design,
                    channel=TARGET,
                    specimen=action.specimen or "life:new",
                    value=0.0,
                    noise=self.belief.own_noise,
                    batch=self.belief.batches.to_come(action.design, action.specimen),
                )
            ]
        )
        mean = self.model.average(self.model.mean(item))
        spread = self.model.average(
            self.model.variance(item) + (self.model.mean(item) - mean).square()
        ).sqrt()
        middle = self.belief.natural(float(mean[0]))
        ends = [
            self.belief.natural(float(mean[0] + k * spread[0])) for k in (-2.58, 2.58)
        ]
        # A living specimen is run on by a step that can tell something, or not at all.
        least, room = 1.1 * action.from_age + 1, 1.25 * action.from_age + 1
        return max(middle, least), max(*ends, room)

    def _objective_unit(self) -> str:
        return self.campaign.observables[self.campaign.objective.observable].unit
