"""The whole way: search in the model, run, correct the model, search again, judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bigloop.agents.inverse.foresight import Foresight
from bigloop.agents.inverse.runs import Floats, Grower, properties_of
from bigloop.agents.inverse.search import candidates
from bigloop.agents.inverse.target import Target
from bigloop.contracts import SpecError
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.views import BARRIERS, PICTURE, PROPERTIES

WITHIN_SD = 2.0
"""A design lands when the mean of its fresh replicates is this many standard deviations
of single runs from the target or less, in every property that is wanted. Single runs at
fixed barriers scatter by one; the mean of eight is known to 0.35 of it."""
_PICTURES = 64
"""Drawn at the barriers; the one closest to the target is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is spent on a design."""

    budget: int = 1000
    """Designs evaluated in the model in one round."""
    rounds: int = 4
    """Each runs candidates and corrects the model by what came of them."""
    runs_per_round: int = 6
    replicates: int = 8
    """Fresh runs of the chosen design; none of the runs before is among them."""

    def __post_init__(self) -> None:
        """Refuse what is no plan."""
        for name, least in (
            ("budget", 10),
            ("rounds", 0),
            ("runs_per_round", 1),
            ("replicates", 2),
        ):
            if getattr(self, name) < least:
                raise SpecError(f"{name}: {getattr(self, name)}: give {least} or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Barriers for a target, what the model expects there, and what came of it."""

    route: str
    target: Target
    barriers: tuple[float, ...]
    """15 [eV]."""
    expected: tuple[float, ...]
    """Mean of replicates by the model, `k`."""
    expected_sd: tuple[float, ...]
    runs: Floats
    """Properties of the fresh replicates, `replicates x k`."""
    picture: NDArray[np.uint8]
    """By the decoder at these barriers: of those drawn the closest to the target."""
    lattice: NDArray[np.uint8]
    """Of the replicate closest to the target."""
    n_evaluations: int
    """Designs evaluated in the model."""
    n_runs: int
    """All that were run, the fresh replicates among them."""

    def distance(self, sd: Floats | None = None) -> Floats:
        """Mean of the replicates to the target in standard deviations, `k`.

        NaN where nothing is wanted. Without `sd` by the spread of the replicates.
        """
        return _distance(self.runs, self.target, sd)

    def lands(self, within: float = WITHIN_SD, sd: Floats | None = None) -> bool:
        """Whether it is within that many deviations in all that is wanted."""
        return bool(np.nanmax(self.distance(sd)) <= within)

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        rows = zip(
            self.target.names,
            self.target.values,
            self.expected,
            self.expected_sd,
            self.runs.mean(0).tolist(),
            self.runs.std(0, ddof=1).tolist(),
            strict=True,
        )
        keys = ("target", "expected", "expected_sd", "run_mean", "run_sd")
        return {
            "route": self.route,
            "barriers_eV": {f"e{i + 1}": e for i, e in enumerate(self.barriers)},
            "properties": {name: dict(zip(keys, v, strict=True)) for name, *v in rows},
            "replicates": len(self.runs),
            "lands": self.lands(),
            "within_sd": WITHIN_SD,
            "model_evaluations": self.n_evaluations,
            "runs": self.n_runs,
        }


def design(
    model: PrVAE,
    target: Target,
    grower: Grower,
    *,
    route: str = "direct",
    plan: Plan | None = None,
    seed: int = 0,
) -> Design:
    """Barriers whose runs come out like the target, and the runs that tell.

    Args:
        model: fitted, with barriers and properties.
        target: what is wanted.
        grower: the simulator.
        route: `gradient`, `genetic` or `direct`.
        plan: how much to spend.
        seed: of the search and the runs; fresh runs share no seed with those before.

    Raises:
        SpecError: no such route, a plan that cannot be, or a model without barriers.
    """
    plan = plan or Plan()
    foresight = Foresight(model)
    seeds = np.random.SeedSequence([seed, 41]).generate_state(plan.rounds + 2).tolist()
    n_runs = 0
    for round_seed in seeds[: plan.rounds]:
        n_runs += _round(foresight, target, grower, route, plan, round_seed)
    best = _chosen(foresight, target, route, plan, seed)
    lattices = grower.run(best.tolist(), plan.replicates, seeds[-2])
    runs = properties_of(lattices, target.names)
    mean, sd = foresight(best[None])
    closest = np.nansum(np.abs(_scaled(model, runs, target)), axis=1).argmin()
    return Design(
        route=route,
        target=target,
        barriers=tuple(best.tolist()),
        expected=tuple(mean[0].tolist()),
        expected_sd=tuple(sd[0].tolist()),
        runs=runs,
        picture=_picture(model, best, target, seeds[-1]),
        lattice=lattices[closest],
        n_evaluations=foresight.n_evaluations,
        n_runs=n_runs + plan.replicates,
    )


def _round(
    foresight: Foresight,
    target: Target,
    grower: Grower,
    route: str,
    plan: Plan,
    seed: int,
) -> int:
    """Run the best candidates once each and learn from them; how many were run."""
    found = candidates(
        foresight, target, route, plan.runs_per_round, plan.budget, seed
    ).cpu()
    lattices = [grower.run(b.tolist(), 1, seed + i)[0] for i, b in enumerate(found)]
    runs = properties_of(np.stack(lattices), target.names)
    foresight.observe(found, torch.tensor(runs, dtype=torch.float32))
    return len(found)


def _chosen(
    foresight: Foresight, target: Target, route: str, plan: Plan, seed: int
) -> torch.Tensor:
    """Of what was run the best, all runs considered; without runs the model's."""
    if plan.rounds:
        return foresight.best_seen(target, 1)[0].cpu()
    return candidates(foresight, target, route, 1, plan.budget, seed)[0].cpu()


def _distance(runs: Floats, target: Target, sd: Floats | None) -> Floats:
    wanted = np.array([np.nan if v is None else v for v in target.values])
    spread = runs.std(axis=0, ddof=1) if sd is None else np.asarray(sd)
    miss = np.abs(runs.mean(axis=0) - wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = miss / spread
    # Without any spread it has landed when it is there, and has not when it is not.
    return np.where((spread == 0) & (miss <= 1e-9 * np.abs(wanted)), 0.0, found)


def _scaled(model: PrVAE, runs: Floats, target: Target) -> Floats:
    wanted = np.array([np.nan if v is None else v for v in target.values])
    return np.asarray((runs - wanted) / model.learned.scales.property_sd.numpy())


def _picture(
    model: PrVAE, barriers: torch.Tensor, target: Target, seed: int
) -> NDArray[np.uint8]:
    drawn = model.sample(_PICTURES, {BARRIERS: barriers[None]}, seed=seed)
    miss = np.abs(_scaled(model, drawn[PROPERTIES].double().numpy(), target))
    return np.asarray(drawn[PICTURE][int(np.nansum(miss, axis=1).argmin())].numpy())
