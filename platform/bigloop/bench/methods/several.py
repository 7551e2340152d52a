r"""The peers where several outputs decide: random, BoTorch, Optuna.

BoTorch as its tutorials have it: a `SingleTaskGP` an output, and qLogNEHVI
[Daulton2021]_ of several objectives, qLogNEI [Ament2023]_ of one, both with outcome
constraints. Where no reference is stated, BoTorch infers it (`infer_reference_point`).

.. [Daulton2021] Daulton, Balandat, Bakshy: Parallel Bayesian optimization of multiple
   noisy objectives with expected hypervolume improvement. NeurIPS 2021.
.. [Ament2023] Ament, Daulton, Eriksson, Balandat, Bakshy: Unexpected improvements to
   expected improvement for Bayesian optimization. NeurIPS 2023.
"""

from __future__ import annotations

import atexit
import math
import os
import random
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from bigloop.bench.methods.base import Asked, Brief, Shelf
from bigloop.contracts import Campaign, Design, canonical_json
from bigloop.contracts.dominance import undominated
from bigloop.contracts.drawing import sample

N_OPENING = 5
"""Random designs before a model decides, as for one objective."""

Values = Mapping[str, float]


class Targets:
    """What a campaign wants of results: scores, larger is better, and violations."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.goals = campaign.goals
        self.bounds = [
            (name, side, bound)
            for name, r in campaign.requirements.items()
            for side, bound in ((1.0, r.at_most), (-1.0, r.at_least))
            if bound is not None
        ]

    def on_scale(self, name: str, value: float) -> float:
        """A result as it is modelled: logarithmic if declared."""
        return math.log(value) if self._campaign.observables[name].log else value

    def scores(self, values: Values) -> list[float]:
        """Of the objectives, larger is better."""
        return [self._score(goal, values[goal.observable]) for goal in self.goals]

    def violations(self, values: Values) -> list[float]:
        """Of the bounds; feasible at 0 or below."""
        return [
            side * (self.on_scale(n, values[n]) - self.on_scale(n, bound))
            for n, side, bound in self.bounds
        ]

    def reference(self) -> list[float] | None:
        """The stated reference as scores; none unless stated for all."""
        found = [
            self._score(goal, goal.reference)
            for goal in self.goals
            if goal.reference is not None
        ]
        return found if len(found) == len(self.goals) else None

    def _score(self, goal: Any, value: float) -> float:
        found = self.on_scale(goal.observable, value)
        return -found if goal.goal == "minimize" else found


class Tried:
    """Mean results by design, and what a method advises by them."""

    def __init__(self, campaign: Campaign) -> None:
        self.targets = Targets(campaign)
        self._designs: dict[str, Design] = {}
        self._values: dict[str, list[Values]] = {}

    def add(self, design: Design, values: Values) -> None:
        """Keep a result of the target."""
        key = canonical_json(design)
        self._designs[key] = design
        self._values.setdefault(key, []).append(values)

    def advised(self) -> list[Design] | None:
        """The feasible designs that none beats, by the means of their results."""
        means = {
            key: {n: sum(v[n] for v in found) / len(found) for n in found[0]}
            for key, found in self._values.items()
        }
        kept = [
            key
            for key, values in means.items()
            if all(v <= 1e-9 for v in self.targets.violations(values))
        ]
        front = undominated([self.targets.scores(means[key]) for key in kept])
        return [self._designs[kept[i]] for i in front] or None


class RandomFront:
    """Even draws at the target."""

    def __init__(self, brief: Brief) -> None:
        self._campaign, self._shelf = brief.campaign, Shelf(brief)
        self._tried = Tried(brief.campaign)
        self._rng = random.Random(brief.campaign.seed)

    def ask(self, left: float) -> Asked | None:
        """A random design at the target."""
        return drawn(self._shelf, self._campaign, self._rng, left)

    def tell(self, asked: Asked, value: Values) -> None:
        """Keep the result."""
        self._tried.add(asked.design, value)

    def recommend(self) -> Sequence[Design] | None:
        """What was not beaten."""
        return self._tried.advised()


def drawn(
    shelf: Shelf, campaign: Campaign, rng: random.Random, left: float
) -> Asked | None:
    """A random design at the target; none when it cannot be paid."""
    if shelf.target not in shelf.affordable(left):
        return None
    if shelf.is_pool:
        design = shelf.designs[rng.choice(shelf.free(shelf.target))]
    else:
        design = sample(campaign, rng)
    return shelf.take(Asked(source=shelf.target, design=design))


class BotorchFront:
    """Ranks the pool, or optimises over the box; pending results are `X_pending`."""

    def __init__(self, brief: Brief) -> None:
        _compile_apart()
        self._campaign, self._shelf = brief.campaign, Shelf(brief)
        self._tried = Tried(brief.campaign)
        self._rng = random.Random(brief.campaign.seed)
        self._told: list[tuple[Design, Values]] = []
        self._pending: list[Design] = []

    def ask(self, left: float) -> Asked | None:
        """Random designs first, then the largest acquisition value."""
        shelf = self._shelf
        if shelf.target not in shelf.affordable(left):
            return None
        if len(self._told) + len(self._pending) < N_OPENING or len(self._told) < 2:
            asked = drawn(shelf, self._campaign, self._rng, left)
            assert asked is not None
        else:
            design = self._best(self._acquisition())
            asked = shelf.take(Asked(source=shelf.target, design=design))
        self._pending.append(asked.design)
        return asked

    def tell(self, asked: Asked, value: Values) -> None:
        """Keep the result."""
        self._pending.remove(asked.design)
        self._told.append((asked.design, value))
        self._tried.add(asked.design, value)

    def recommend(self) -> Sequence[Design] | None:
        """What was not beaten."""
        return self._tried.advised()

    def _points(self, designs: Sequence[Design]) -> Any:
        import torch

        return torch.tensor(
            [self._shelf.point(design) for design in designs], dtype=torch.float64
        )

    def _acquisition(self) -> Any:
        import torch
        from botorch.acquisition import qLogNoisyExpectedImprovement
        from botorch.acquisition.multi_objective.logei import (
            qLogNoisyExpectedHypervolumeImprovement,
        )
        from botorch.acquisition.multi_objective.objective import (
            IdentityMCMultiOutputObjective,
        )
        from botorch.acquisition.objective import GenericMCObjective
        from botorch.sampling import SobolQMCNormalSampler

        targets, x = self._tried.targets, self._points([d for d, _ in self._told])
        scores = torch.tensor([targets.scores(v) for _, v in self._told]).double()
        slack = torch.tensor([targets.violations(v) for _, v in self._told]).double()
        slack = slack.reshape(len(x), -1)
        m, n_bounds = scores.shape[-1], slack.shape[-1]
        constraints = [lambda y, k=k: y[..., k] for k in range(m, m + n_bounds)] or None
        common = {
            "model": _models(x, torch.cat([scores, slack], dim=-1)),
            "X_baseline": x,
            "sampler": SobolQMCNormalSampler(
                torch.Size([128]), seed=self._campaign.seed
            ),
            "constraints": constraints,
            "X_pending": self._points(self._pending) if self._pending else None,
            "prune_baseline": True,
        }
        if m == 1:
            return qLogNoisyExpectedImprovement(
                objective=GenericMCObjective(lambda y, X=None: y[..., 0]), **common
            )
        reference = targets.reference() or _inferred(scores, slack)
        return qLogNoisyExpectedHypervolumeImprovement(
            ref_point=reference,
            objective=IdentityMCMultiOutputObjective(outcomes=list(range(m))),
            **common,
        )

    def _best(self, value: Any) -> Design:
        import torch
        from botorch.optim import optimize_acqf

        shelf = self._shelf
        if shelf.is_pool:
            free = shelf.free(shelf.target)
            points = self._points([shelf.designs[i] for i in free])
            with torch.no_grad():
                parts = [value(part.unsqueeze(1)) for part in points.split(256)]
            return shelf.designs[free[int(torch.cat(parts).argmax())]]
        d = len(shelf.point(sample(self._campaign, self._rng)))
        box = torch.stack([torch.zeros(d), torch.ones(d)]).double()
        point, _ = optimize_acqf(value, box, q=1, num_restarts=8, raw_samples=256)
        return shelf.design(point[0].tolist())


@cache
def _compile_apart() -> None:
    """Let BoTorch compile its kernel in a folder of this process.

    In the shared folder torch waits without end for the lock of a process that was
    killed while it compiled.
    """
    folder = tempfile.mkdtemp(prefix="bigloop-botorch-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TORCH_EXTENSIONS_DIR"] = folder


def _models(x: Any, y: Any) -> Any:
    """One `SingleTaskGP` an output, fitted as BoTorch does."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import ModelListGP, SingleTaskGP
    from gpytorch.mlls import SumMarginalLogLikelihood

    model = ModelListGP(*[SingleTaskGP(x, y[:, k : k + 1]) for k in range(y.shape[1])])
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
    return model


def _inferred(scores: Any, slack: Any) -> Any:
    """BoTorch's rule, of the front of the feasible results; of all where none is."""
    from botorch.utils.multi_objective.hypervolume import infer_reference_point
    from botorch.utils.multi_objective.pareto import is_non_dominated

    feasible = (slack <= 0).all(dim=-1)
    kept = scores[feasible] if feasible.any() else scores
    return infer_reference_point(kept[is_non_dominated(kept)])


class OptunaFront:
    """Proposes points of the box; the nearest free design is run and told to Optuna."""

    def __init__(self, brief: Brief, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._shelf, self._tried = Shelf(brief), Tried(brief.campaign)
        from bigloop.bench.methods.optuna_study import axis

        self._axes = {k: axis(p) for k, p in brief.campaign.parameters.items()}
        options: dict[str, Any] = {"seed": brief.campaign.seed}
        if self._tried.targets.bounds:
            options["constraints_func"] = lambda t: t.user_attrs["violations"]
        kind = getattr(optuna.samplers, sampler)
        self._study = optuna.create_study(
            directions=["maximize"] * len(brief.campaign.goals),
            sampler=kind(**options),
        )
        self._open: list[tuple[Asked, Any]] = []

    def ask(self, left: float) -> Asked | None:
        """Optuna's next point, moved to the nearest free design in a pool."""
        if self._shelf.target not in self._shelf.affordable(left):
            return None
        trial = self._study.ask(self._axes)
        design: Design = {name: trial.params[name] for name in self._axes}
        if self._shelf.is_pool:
            near = self._shelf.nearest(self._shelf.target, self._shelf.point(design))
            assert near is not None
            design = near
        asked = self._shelf.take(Asked(source=self._shelf.target, design=design))
        self._open.append((asked, trial))
        return asked

    def tell(self, asked: Asked, value: Values) -> None:
        """Tell the result of the design that was run, not of the point proposed."""
        from optuna.trial import TrialState, create_trial

        pair = next(pair for pair in self._open if pair[0] == asked)
        self._open.remove(pair)
        trial, targets = pair[1], self._tried.targets
        scores, violations = targets.scores(value), targets.violations(value)
        if trial.params == asked.design:
            trial.set_user_attr("violations", violations)
            self._study.tell(trial, scores)
        else:
            self._study.tell(trial, state=TrialState.FAIL)
            self._study.add_trial(
                create_trial(
                    params=dict(asked.design),
                    distributions=self._axes,
                    values=scores,
                    user_attrs={"violations": violations},
                    system_attrs={"constraints": violations} if violations else None,
                )
            )
        self._tried.add(asked.design, value)

    def recommend(self) -> Sequence[Design] | None:
        """What was not beaten."""
        return self._tried.advised()


def tpe(brief: Brief) -> OptunaFront:
    """The tree-structured Parzen estimator, Optuna's default."""
    return OptunaFront(brief, "TPESampler")


def genetic(brief: Brief) -> OptunaFront:
    """The non-dominated sorting genetic algorithm II."""
    return OptunaFront(brief, "NSGAIISampler")
