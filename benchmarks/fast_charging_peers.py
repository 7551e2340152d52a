"""What a user would pick instead for campaign 0: peers that see the same cells.

They run whole cells (`cycle_to_death`), as they know nothing else; a cell that does not
end within the budget gives them nothing. Ax and Optuna propose points of the box, which
go to the nearest policy that still has a cell.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from typing import Any

from bigloop.contracts import Campaign, Design, canonical_json


class Cells:
    """The measured cells of the feasible policies, handed out in a seeded order."""

    def __init__(self, spec: Campaign) -> None:
        from bigloop.contracts import Request
        from bigloop.simulators.table import TableLaboratory

        lab = TableLaboratory("severson2019", seed=spec.seed)
        self.lives: dict[str, list[float]] = {}
        self.first: dict[str, float] = {}
        """Of the first cell of each policy, the early observable."""
        self.designs: dict[str, Design] = {}
        for stock in lab.stock():
            if not spec.is_feasible(stock.design):
                continue
            key = canonical_json(stock.design)
            self.designs[key] = stock.design
            runs = [
                lab.evaluate(Request(trial=f"{key}{i}", design=stock.design))
                for i in range(stock.specimens)
            ]
            self.lives[key] = [run.age or 0.0 for run in runs]
            self.first[key] = next(
                m.value for m in runs[0].measurements if m.observable == "log10_var_dQ"
            )
        self.truth = {key: statistics.fmean(v) for key, v in self.lives.items()}
        self.used = dict.fromkeys(self.lives, 0)

    def free(self) -> list[str]:
        """Policies with a cell left."""
        return [k for k, lives in self.lives.items() if self.used[k] < len(lives)]

    def run(self, key: str) -> float:
        """Run the next cell of a policy to its end."""
        self.used[key] += 1
        return self.lives[key][self.used[key] - 1]

    def point(self, key: str) -> list[float]:
        """A policy as a point (C1, Q1, C2)."""
        return [float(self.designs[key][name]) for name in ("C1", "Q1", "C2")]

    def nearest(self, spec: Campaign, point: dict[str, float]) -> str:
        """The policy with a cell left that is nearest in the unit cube."""

        def distance(key: str) -> float:
            return sum(
                ((float(self.designs[key][n]) - point[n]) / (p.high - p.low)) ** 2
                for n, p in spec.parameters.items()
                if p.high is not None and p.low is not None
            )

        return min(self.free(), key=distance)


Peer = Callable[[Campaign, Cells, int], Iterator[tuple[str, Callable[[float], None]]]]


def random_search(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    import random

    rng = random.Random(seed)
    while True:
        yield rng.choice(cells.free()), lambda life: None


def log_ei(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    """BoTorch: SingleTaskGP on ln(life), LogEI over the policies, 4 random first."""
    import random

    import torch
    from botorch.acquisition import LogExpectedImprovement

    rng = random.Random(seed)
    seen: list[tuple[str, float]] = []
    while True:
        free = cells.free()
        if len(seen) < 4:
            key = rng.choice(free)
        else:
            model = fitted(spec, cells, seen)
            best = max(math.log(life) for _, life in seen)
            center, scale = standard(seen)
            acquisition = LogExpectedImprovement(model, (best - center) / scale)
            with torch.no_grad():
                x = unit(spec, cells, free)
                key = free[int(acquisition(x.unsqueeze(1)).argmax())]
        yield key, lambda life, key=key: seen.append((key, life))  # type: ignore[misc]


def unit(spec: Campaign, cells: Cells, keys: list[str]) -> Any:
    from bigloop.agents.space import encode

    return encode(spec, [cells.designs[key] for key in keys])


def standard(seen: list[tuple[str, float]]) -> tuple[float, float]:
    logs = [math.log(life) for _, life in seen]
    return statistics.fmean(logs), statistics.stdev(logs) or 1.0


def fitted(spec: Campaign, cells: Cells, seen: list[tuple[str, float]]) -> Any:
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    center, scale = standard(seen)
    y = [[(math.log(life) - center) / scale] for _, life in seen]
    model = SingleTaskGP(
        unit(spec, cells, [key for key, _ in seen]),
        torch.tensor(y, dtype=torch.float64),
        outcome_transform=None,
    )
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def ax_default(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    import logging

    from ax.api.client import Client
    from ax.api.configs import RangeParameterConfig

    logging.disable(logging.INFO)
    client = Client(random_seed=seed)
    client.configure_experiment(
        parameters=[
            RangeParameterConfig(
                name=name, parameter_type="float", bounds=(p.low or 0.0, p.high or 1.0)
            )
            for name, p in spec.parameters.items()
        ]
    )
    client.configure_optimization(objective="life")
    while True:
        ((index, point),) = client.get_next_trials(max_trials=1).items()
        key = cells.nearest(spec, {k: float(v) for k, v in point.items()})

        def tell(life: float, index: int = index) -> None:
            client.complete_trial(index, raw_data={"life": math.log(life)})

        yield key, tell


def optuna_tpe(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
    )
    while True:
        trial = study.ask()
        point = {
            name: trial.suggest_float(name, p.low or 0.0, p.high or 1.0)
            for name, p in spec.parameters.items()
        }
        key = cells.nearest(spec, point)

        def tell(life: float, trial: Any = trial) -> None:
            study.tell(trial, math.log(life))

        yield key, tell


PEERS: dict[str, Peer] = {
    "random": random_search,
    "BoTorch LogEI": log_ei,
    "Ax default": ax_default,
    "Optuna TPE": optuna_tpe,
}


def run_peer(name: str, spec: Campaign, seed: int) -> dict[str, Any]:
    """One seed of a peer, and the regret of what it recommended after each cell."""
    import warnings

    import torch

    warnings.simplefilter("ignore")
    torch.manual_seed(seed)
    cells, left = Cells(spec), spec.budget["cell_cycle"]
    found: list[tuple[str, float]] = []
    curve: list[tuple[float, float]] = []
    for key, tell in PEERS[name](spec, cells, seed):
        life = cells.run(key)
        if life > left:
            break
        left -= life
        found.append((key, life))
        tell(life)
        best = recommended(name, spec, cells, found)
        curve.append((spec.budget["cell_cycle"] - left, regret(cells, best)))
    spent, last = curve[-1]
    return {"regret": last, "spent": spent, "n": len(found), "curve": curve}


def recommended(
    name: str, spec: Campaign, cells: Cells, found: list[tuple[str, float]]
) -> str:
    """The policy with the best observed mean (LogEI, from two cells on: the GP's)."""
    keys = sorted({key for key, _ in found})
    if name == "BoTorch LogEI" and len(found) > 1:
        mean = fitted(spec, cells, found).posterior(unit(spec, cells, keys)).mean
        return keys[int(mean.squeeze(-1).argmax())]
    return max(keys, key=lambda k: statistics.fmean(v for key, v in found if key == k))


def look_at_all(spec: Campaign) -> dict[str, Any]:
    """One cell of every policy for 100 cycles."""
    cells = Cells(spec)
    best = min(cells.first, key=lambda key: cells.first[key])
    n = len(cells.first)
    spent, last = 100.0 * n, regret(cells, best)
    return {"regret": last, "spent": spent, "n": n, "curve": [(spent, last)]}


def regret(cells: Cells, key: str) -> float:
    return 1.0 - cells.truth[key] / max(cells.truth.values())
