"""Batch shifts that are known beside the same shifts hidden from the agent.

    python benchmarks/batches.py --seeds 60

24 designs of two parameters with two specimens each, of four batches; designs are
confounded with batches in part. Shifts of batches have the standard deviation of the
truth over the designs, single specimens a fifth of it. Of every seed the same agent is
asked with the batch of every result named and with none named: for what it recommends
after 24 specimens that somebody else chose (`given`), and after 24 that it chose itself
(`chosen`). Regret and intervals are of the truth: the mean over batches.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from taken_in import taken_in  # type: ignore[import-not-found]

from bigloop.agents import MultiFidelityAgent
from bigloop.agents.belief import TARGET, believe
from bigloop.agents.guard import fit
from bigloop.agents.recommendation import outlook, recommend
from bigloop.contracts import Campaign, CampaignState, Design, Stock, key_of

N_DESIGNS, N_BATCHES, N_RESULTS = 24, 4, 24
SHIFT, NOISE, AT_HOME = 1.0, 0.2, 0.7
CAMPAIGN = Campaign.model_validate(
    {
        "name": "lots",
        "parameters": {"x": {"low": 0, "high": 1}, "z": {"low": 0, "high": 1}},
        "observables": {"y": {}},
        "objective": {"observable": "y", "source": "cycler"},
        "candidates": "cycler",
        "sources": {"cycler": {"lab": "l", "observes": ["y"], "cost": {"specimen": 1}}},
        "budget": {"specimen": N_RESULTS},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Designs with a truth of standard deviation 1, and two specimens of each.

    Attributes:
        designs: of them.
        truth: of each; the mean over batches.
        specimens: batch and value of the specimens of each, in the order of their use.
    """

    designs: list[Design]
    truth: list[float]
    specimens: list[list[tuple[str, float]]]

    @classmethod
    def of(cls, seed: int, shift: float = SHIFT) -> World:
        """A sum of four waves at random; batches go along `x` for `AT_HOME` of them."""
        rng = np.random.default_rng([seed, 7])
        points = rng.random((N_DESIGNS, 2))
        waves, phases = rng.normal(0, 3.0, (4, 2)), rng.uniform(0, math.tau, 4)
        f = (rng.normal(size=4) * np.cos(points @ waves.T + phases)).sum(1)
        f = (f - f.mean()) / f.std()
        shifts = shift * rng.normal(size=N_BATCHES)
        home = points[:, 0].argsort().argsort() * N_BATCHES // N_DESIGNS
        specimens = []
        for i in range(N_DESIGNS):
            strange = rng.integers(N_BATCHES, size=2)
            lots = np.where(rng.random(2) < AT_HOME, home[i], strange)
            noise = NOISE * rng.normal(size=2)
            specimens.append(
                [
                    (f"lot{k}", float(f[i] + shifts[k] + e))
                    for k, e in zip(lots, noise, strict=True)
                ]
            )
        designs: list[Design] = [{"x": float(x), "z": float(z)} for x, z in points]
        return cls(designs=designs, truth=f.tolist(), specimens=specimens)

    def hidden(self) -> World:
        """The same, and nobody wrote down which batch a specimen is of."""
        unnamed = [[("", value) for _, value in pair] for pair in self.specimens]
        return replace(self, specimens=unnamed)

    def stock(self) -> tuple[Stock, ...]:
        """What there is, with the batch where both specimens share it."""
        return tuple(
            Stock(
                design=design,
                specimens=len(pair),
                batch=pair[0][0] or None if pair[0][0] == pair[1][0] else None,
            )
            for design, pair in zip(self.designs, self.specimens, strict=True)
        )


def state_of(world: World, ran: list[int], seed: int) -> CampaignState:
    """All specimens taken in that were run of these designs, in order."""
    results = []
    for number, i in enumerate(ran):
        batch, value = world.specimens[i][ran[:number].count(i)]
        results.append((world.designs[i], value, batch or None))
    campaign = CAMPAIGN.model_copy(update={"seed": seed})
    found: CampaignState = taken_in(campaign, results, world.stock())
    return found


def given(seed: int) -> list[int]:
    """Designs of which somebody else ran a specimen; some of them both."""
    rng = np.random.default_rng([seed, 8])
    every = [i for i in range(N_DESIGNS) for _ in range(2)]
    return [every[k] for k in rng.permutation(len(every))[:N_RESULTS]]


def chosen(world: World, seed: int) -> list[int]:
    """Designs in the order in which the agent ran them until the budget was spent."""
    agent = MultiFidelityAgent(CAMPAIGN.model_copy(update={"seed": seed}))
    place = {key_of(design): i for i, design in enumerate(world.designs)}
    ran: list[int] = []
    while len(ran) < N_RESULTS:
        found = agent.propose(state_of(world, ran, seed), ["cycler"])
        if not found:
            break
        ran.append(place[key_of(found[0].proposal.design)])
    return ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What became of one run.

    Attributes:
        regret: of the recommendation, in standard deviations of the truth.
        is_inside: whether its 90 % interval holds the truth.
        n_inside: tried designs of which the interval holds the truth.
        n_tried: of them all.
        width: of the recommendation's interval.
        tau: mean of the standard deviation between batches, as inferred; 0 if hidden.
    """

    regret: float
    is_inside: bool
    n_inside: int
    n_tried: int
    width: float
    tau: float


def judged(world: World, ran: list[int], seed: int) -> Figures:
    belief = believe(state_of(world, ran, seed))
    model = fit(belief).model
    best = recommend(belief, model)
    truth = {key_of(d): f for d, f in zip(world.designs, world.truth, strict=True)}
    at = truth[key_of(best.design)]
    inside = []
    for i in sorted(set(ran)):
        seen = outlook(belief, model, world.designs[i])
        inside.append(seen.low <= world.truth[i] <= seen.high)
    tau = model.average(model.h.batch[:, TARGET].sqrt())
    return Figures(
        regret=max(world.truth) - at,
        is_inside=best.low <= at <= best.high,
        n_inside=sum(inside),
        n_tried=len(inside),
        width=best.high - best.low,
        tau=float(tau) * belief.scale[TARGET],
    )


def lines(kind: str, found: dict[str, list[Figures]]) -> Iterator[str]:
    for name, runs in found.items():
        regrets = [r.regret for r in runs]
        error = statistics.stdev(regrets) / math.sqrt(len(runs))
        held = sum(r.is_inside for r in runs)
        n, inside = sum(r.n_tried for r in runs), sum(r.n_inside for r in runs)
        yield (
            f"{kind:7} {name:7} {len(runs):5} {statistics.fmean(regrets):7.3f} "
            f"± {error:.3f} {statistics.median(regrets):7.3f} "
            f"{sum(r == 0 for r in regrets):4}  {held:4} of {len(runs):3} "
            f"{100 * held / len(runs):5.1f} %  {100 * inside / n:6.1f} % of {n:5} "
            f"{statistics.fmean(r.width for r in runs):6.2f} "
            f"{statistics.fmean(r.tau for r in runs):6.2f}"
        )
    if len(found) == 2:
        known, hidden = found.values()
        less = [b.regret - a.regret for a, b in zip(known, hidden, strict=True)]
        error = statistics.stdev(less) / math.sqrt(len(less))
        yield (
            f"{kind:7} hidden less known, paired: {statistics.fmean(less):.3f} "
            f"± {error:.3f}"
        )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--shift", type=float, default=SHIFT)
    parser.add_argument("--kinds", default="given,chosen")
    options = parser.parse_args()
    print(
        f"{'results':7} {'batches':7} {'seeds':>5} {'mean regret':>15} {'median':>7} "
        f"{'best':>4}  {'90 % of advised':>19}  {'90 % of tried':>18} {'width':>6} "
        f"{'tau':>6}"
    )
    for kind in options.kinds.split(","):
        began = time.process_time()
        found: dict[str, list[Figures]] = {"known": [], "hidden": []}
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            known = World.of(seed, options.shift)
            for name, world in (("known", known), ("hidden", known.hidden())):
                ran = given(seed) if kind == "given" else chosen(world, seed)
                found[name].append(judged(world, ran, seed))
        for line in lines(kind, found):
            print(line, flush=True)
        print(f"{kind:7} {time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main()
