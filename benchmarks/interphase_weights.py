"""Which uncertain weights: deep ensemble, variational or Monte Carlo dropout.

    python benchmarks/interphase_weights.py [--seeds N] [--steps N]

The same network, data, loss, number of steps and noise settled after training, in the
growth study of `interphase.py`; only how weights are uncertain differs:

- **ensemble**: what `InterphaseRNN` does, 4 members held to starts of their own, with
  randomly weighed interphases;
- **variational**: an independent normal for every weight of the state-space network
  [Blundell2015]_, 4 draws a step, prior `N(0, 1/width)`;
- **dropout**: hidden units left out by a mask that stays for a whole life [Gal2016]_.

Variational weights and dropout draw one set of weights for all steps of a life, so that
a set is a member: 8 sets are drawn for forecasts. The guide only proposes lives, and
its weights are certain. Scores are of readings that were not learned from.

.. [Blundell2015] C. Blundell et al., ICML, PMLR 37, 1613 (2015).
.. [Gal2016] Y. Gal and Z. Ghahramani, NeurIPS 29, 1019 (2016).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from interphase import (  # type: ignore[import-not-found]
    HALF,
    N_TEST,
    N_TRAIN,
    RECIPE,
    SIZES,
    covered,
    known_half,
    paired,
)
from interphase_lives import (  # type: ignore[import-not-found]
    GROWTH,
    Study,
    T,
    grown,
)
from torch import Tensor, nn
from torch.nn.functional import softplus

from bigloop.models.interphase import InterphaseRNN, Recipe, Records
from bigloop.models.interphase.forecast import Forecast
from bigloop.models.interphase.model import _Fitted
from bigloop.models.interphase.objective import Draws, loss
from bigloop.models.interphase.rolling import Network
from bigloop.models.interphase.scaling import Scaling
from bigloop.models.interphase.settling import listen, settle
from bigloop.models.scores import wilson

DRAWS, SETS = 4, 8
"""Sets of weights in a step of training, and for forecasts."""
LIVES_IN_ALL = 512
"""Of each interphase, over all sets or members."""
DROPPED = 0.1
START = -5.0
"""Of the raw spread of variational weights: softplus of it is 0.7 % of a unit."""


class Weights(nn.Module):  # type: ignore[misc]
    """One set of weights, and how others are drawn around it."""

    def __init__(self, kind: str, seed: int) -> None:
        super().__init__()
        self.kind = kind
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            one = Network(GROWTH, SIZES.model_copy(update={"members": 1}))
        self.names = [n for n, _ in one.named_parameters() if not n.endswith("noise")]
        known = dict(one.named_parameters())
        self.mean = nn.ParameterList([known[n].detach().clone() for n in self.names])
        self.raw = nn.ParameterList(
            [torch.full_like(known[n], START) for n in self.names]
        )

    def drawn(self, n: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Of `n` members, by name."""
        found = {}
        for name, mean, raw in zip(self.names, self.mean, self.raw, strict=True):
            value = mean.expand(n, *mean.shape[1:])
            if self.kind == "variational" and name.startswith("space"):
                unit = torch.randn(value.shape, generator=generator)
                value = value + softplus(raw) * self._width(name, mean) * unit
            if self.kind == "dropout" and name.endswith("outer.weight"):
                lots = torch.rand(n, mean.shape[1], 1, generator=generator)
                value = value * (lots >= DROPPED) / (1 - DROPPED)
            found[name] = value
        return found

    def penalty(self) -> Tensor:
        """Divergence from the prior, or minus its log density, over all weights."""
        parts = []
        for name, mean, raw in zip(self.names, self.mean, self.raw, strict=True):
            width = self._width(name, mean)
            parts.append(0.5 * (mean / width).square().sum())
            if self.kind == "variational" and name.startswith("space"):
                spread = softplus(raw)
                parts.append((0.5 * spread.square() - spread.log() - 0.5).sum())
        return torch.stack(parts).sum()

    @staticmethod
    def _width(name: str, value: Tensor) -> float:
        """Standard deviation of the prior: unit spread of what a unit sums up."""
        return value.shape[1] ** -0.5 if name.endswith("weight") else 1.0


def put(network: Network, values: dict[str, Tensor]) -> None:
    """Use tensors in the place of parameters, so that gradients reach their origin."""
    for path, value in values.items():
        where, _, name = path.rpartition(".")
        module = network.get_submodule(where)
        module._parameters.pop(name, None)
        setattr(module, name, value)


def trained(kind: str, train: Records, recipe: Recipe) -> InterphaseRNN:
    """A model whose members are draws of uncertain weights."""
    records = train.to("cpu", torch.double)
    scaling = Scaling.of(GROWTH, records)
    scaled, scaling = scaling(records).to("cpu"), scaling.to("cpu")
    places = scaling.places
    weights = Weights(kind, recipe.seed)
    network = Network(GROWTH, SIZES.model_copy(update={"members": DRAWS}))
    generator = torch.Generator().manual_seed(recipe.seed)
    optimiser = torch.optim.Adam(
        weights.parameters(), lr=recipe.rate, betas=(0.9, 0.99)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, recipe.steps + 1, pct_start=0.1
    )
    share, alike = 1.0 / float(records.mask.sum()), torch.ones(DRAWS, recipe.batch)
    for step in range(recipe.steps):
        rows = torch.randperm(len(scaled), generator=generator)[: recipe.batch]
        is_hushed = step < recipe.hush * recipe.steps
        network.space.ease = 0.0 if is_hushed else 1.0
        warmth = min(1.0, (step + 1) / (0.5 * recipe.steps))
        draws = Draws(n=recipe.draws, generator=generator)
        put(network, weights.drawn(DRAWS, generator))
        value = loss(network, scaled[rows], places, draws, warmth, alike).mean()
        optimiser.zero_grad(set_to_none=True)
        (value + share * weights.penalty()).backward()
        nn.utils.clip_grad_norm_(weights.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if not is_hushed and step % 10 == 9:
            heard = torch.randperm(len(scaled), generator=generator)[:64]
            listen(network, scaled[heard], places, recipe.seed + step)
    final = Network(GROWTH, SIZES.model_copy(update={"members": SETS}))
    with torch.no_grad():
        put(final, {k: v.clone() for k, v in weights.drawn(SETS, generator).items()})
        # The sets share what was heard in training.
        final.space.noise.copy_(network.space.noise.mean(0, keepdim=True))
    final.requires_grad_(False)
    settle(final, scaled, places, recipe.rounds, recipe.seed)
    made = InterphaseRNN(GROWTH, SIZES, recipe)
    made._fitted = _Fitted(scaling=scaling, network=final)
    return made


def ensemble(train: Records, recipe: Recipe) -> InterphaseRNN:
    made = InterphaseRNN(GROWTH, SIZES, recipe)
    made.fit(train)
    return made


def score(found: Forecast, records: Records) -> Tensor:
    """Log density of readings under equally likely lives with noise, `n x T x C`."""
    sigma = found.sigma[:, :, None]
    off = (records.values[None, :, None] - found.levels) / sigma
    density = -0.5 * off.square() - sigma.log() - 0.5 * math.log(2 * math.pi)
    n = density.shape[0] * density.shape[2]
    mixed = density.transpose(1, 2).flatten(0, 1).logsumexp(0) - math.log(n)
    return torch.where(records.mask > 0, mixed, torch.nan)


def judged(model: InterphaseRNN, test: Study) -> dict[str, Tensor]:
    """Of every interphase, what is compared."""
    lives = LIVES_IN_ALL // model._state.network.members
    warm = model.forecast(known_half(test.records), lives)
    cold = model.forecast(test.records.until(-1.0), lives)
    found = {
        f"square of {name}": (warm.mean - test.truth)[:, HALF:, c].square()
        for c, name in enumerate(GROWTH.observables)
    }
    found["log score, given half a life"] = score(warm, test.records)[:, HALF:]
    found["log score, from the configuration"] = score(cold, test.records)
    found["epistemic thickness_nm, from the configuration"] = cold.epistemic[..., 0]
    for share in (0.5, 0.8, 0.95):
        found[f"{share} given half a life"] = covered(warm, test.records, share)[
            :, HALF:
        ]
        found[f"{share} from the configuration"] = covered(cold, test.records, share)
    return found


def main() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=RECIPE.steps)
    arguments = parser.parse_args()
    recipe = RECIPE.model_copy(update={"steps": arguments.steps})
    print(
        f"# Stochastic growth: {N_TRAIN} to learn from, {N_TEST} to judge by, "
        f"{T} ages, {arguments.seeds} seed(s), {recipe.steps} steps"
    )
    results: dict[str, list[dict[str, Tensor]]] = {}
    for seed in range(arguments.seeds):
        study = grown(N_TRAIN + N_TEST, 100 + seed)
        train, test = study.part(slice(0, N_TRAIN)), study.part(slice(N_TRAIN, None))
        for kind in ("ensemble", "variational", "dropout"):
            mine, began = recipe.model_copy(update={"seed": seed}), time.process_time()
            model = (
                ensemble(train.records, mine)
                if kind == "ensemble"
                else trained(kind, train.records, mine)
            )
            cost = time.process_time() - began
            results.setdefault(kind, []).append(judged(model, test))
            print(f"seed {seed}: {kind} trained in {cost:.0f} s", flush=True)
        print(f"\n# {seed + 1} seed(s)")
        table(results)


def table(results: dict[str, list[dict[str, Tensor]]]) -> None:
    """Every figure, and the paired difference to the ensemble over interphases."""
    for name in next(iter(results.values()))[0]:
        print(name.replace("square of", "RMSE of"))
        first = _rows([found[name] for found in results["ensemble"]])
        for kind, parts in results.items():
            values = [found[name] for found in parts]
            print(f"  {kind:12} {_text(name, values)}{_less(kind, values, first)}")


def _text(name: str, values: Sequence[Tensor]) -> str:
    told: Any = torch.cat([v.flatten() for v in values])
    told = told[told.isfinite()]
    if name.startswith("0."):
        low, high = wilson(int(told.sum()), len(told))
        return f"{told.mean():.3f} ({low:.3f}-{high:.3f}, n={len(told)})"
    mean = float(told.mean())
    return f"{math.sqrt(mean) if 'log' not in name else mean:.3f}"


def _rows(values: Sequence[Tensor]) -> Tensor:
    """Mean of every interphase over ages and channels."""
    return torch.cat([v.flatten(1).nanmean(1) for v in values])


def _less(kind: str, values: Sequence[Tensor], first: Tensor) -> str:
    if kind == "ensemble":
        return ""
    both = _rows(values) - first
    low, high = paired(both[both.isfinite()])
    return f"   less the ensemble's, per interphase: ({low:+.3f}, {high:+.3f})"


if __name__ == "__main__":
    main()
