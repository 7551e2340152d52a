"""Optuna's samplers, single fidelity: TPE, and its Gaussian process."""

from __future__ import annotations

from typing import Any

from bigloop.bench.methods.base import Asked, Brief, Ledger, Shelf
from bigloop.contracts import Design, Parameter


class OptunaMethod:
    """Proposes points of the box; the nearest free design is run and told to Optuna."""

    def __init__(self, brief: Brief, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._shelf = Shelf(brief)
        self._ledger = Ledger(self._shelf)
        self._axes = {k: axis(p) for k, p in brief.campaign.parameters.items()}
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
        design: Design = {name: trial.params[name] for name in self._axes}
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
        if trial.params == asked.design:
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
