"""Optuna's samplers, single fidelity: TPE, and its Gaussian process."""

from __future__ import annotations

import math
from typing import Any

from bigloop.bench.methods.base import Asked, Brief, Ledger, Shelf
from bigloop.contracts import Campaign, Design, Parameter


class OptunaMethod:
    """Proposes points of the box; the nearest free design is run and told to Optuna."""

    def __init__(self, brief: Brief, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._shelf = Shelf(brief)
        self._ledger = Ledger(self._shelf)
        self._campaign = brief.campaign
        self._axes = {k: axis(p) for k, p in brief.campaign.parameters.items()}
        for composition in brief.campaign.compositions.values():
            self._axes |= dict.fromkeys(composition.components, _part())
        kind = getattr(optuna.samplers, sampler)
        self._study = optuna.create_study(
            direction="maximize", sampler=kind(seed=brief.campaign.seed)
        )
        self._open: list[tuple[Asked, Any]] = []

    def ask(self, left: float) -> Asked | None:
        """Optuna's next point, moved to the nearest free design in a pool."""
        if self._shelf.target not in self._shelf.affordable(left):
            return None
        trial = self._study.ask(self._axes)
        design = _composed(self._campaign, dict(trial.params))
        if self._shelf.is_pool:
            near = self._shelf.nearest(self._shelf.target, self._shelf.point(design))
            assert near is not None
            design = near
        asked = self._shelf.take(Asked(source=self._shelf.target, design=design))
        self._open.append((asked, trial))
        return asked

    def tell(self, asked: Asked, value: float) -> None:
        """Tell the result of the design that was run, not of the point proposed."""
        from optuna.trial import TrialState, create_trial

        pair = next(pair for pair in self._open if pair[0] == asked)
        self._open.remove(pair)
        trial, score = pair[1], self._shelf.scale.score(value)
        if not self._shelf.is_pool or trial.params == asked.design:
            self._study.tell(trial, score)
        else:
            self._study.tell(trial, state=TrialState.FAIL)
            self._study.add_trial(
                create_trial(
                    params=dict(asked.design), distributions=self._axes, value=score
                )
            )
        self._ledger.add(asked, value)

    def recommend(self) -> Design | None:
        """The best mean measured."""
        return self._ledger.best()


def tpe(brief: Brief) -> OptunaMethod:
    """The tree-structured Parzen estimator, Optuna's default."""
    return OptunaMethod(brief, "TPESampler")


def gaussian(brief: Brief) -> OptunaMethod:
    """Optuna's own Gaussian process with LogEI."""
    return OptunaMethod(brief, "GPSampler")


def axis(p: Parameter) -> Any:
    """A parameter as Optuna has it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if p.choices:
        return CategoricalDistribution(p.choices)
    return FloatDistribution(p.low or 0.0, p.high or 0.0, log=p.log)


def _part() -> Any:
    """The share of a component before it is made one of a sum, see `_composed`."""
    from optuna.distributions import FloatDistribution

    return FloatDistribution(1e-9, 1.0)


def _composed(campaign: Campaign, design: Design) -> Design:
    """Even parts `u` as even compositions: `-log u` in proportion to their sum.

    As Optuna's documentation has it for points of the simplex. Upper bounds of
    components below the total are not kept by it.
    """
    for composition in campaign.compositions.values():
        names = composition.components
        parts = {name: -math.log(float(design[name])) for name in names}
        low = {name: campaign.parameters[name].range[0] for name in names}
        rest = composition.total - math.fsum(low.values())
        whole = math.fsum(parts.values()) or 1.0
        design = design | {n: low[n] + rest * parts[n] / whole for n in names}
    return design
