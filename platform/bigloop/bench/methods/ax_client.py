"""Ax as it comes: the default generation strategy of its client."""

from __future__ import annotations

import logging
from typing import Any

from bigloop.agents.ax_space import completed, fixed_by_sum
from bigloop.bench.methods.base import Asked, Brief, Ledger, Shelf
from bigloop.contracts import Design, Parameter


class AxMethod:
    """Proposes points of the box; the nearest free design is run and told to Ax."""

    def __init__(self, brief: Brief) -> None:
        # Ax logs while it is imported, before its own loggers can be told to be still.
        logging.disable(logging.WARNING)
        from ax.api.client import Client

        self._shelf = Shelf(brief)
        self._ledger = Ledger(self._shelf)
        self._campaign = brief.campaign
        fixed = fixed_by_sum(brief.campaign)
        self._client = Client(random_seed=brief.campaign.seed)
        self._client.configure_experiment(
            parameters=[
                _axis(name, p)
                for name, p in brief.campaign.parameters.items()
                if name not in fixed
            ],
            parameter_constraints=[
                f"{' + '.join(form.weights)} {sign} {form.constant - bound!r}"
                for name, form in fixed.items()
                for sign, bound in zip(
                    ("<=", ">="), brief.campaign.parameters[name].range, strict=True
                )
            ],
        )
        self._client.configure_optimization(objective="score")
        self._open: list[tuple[Asked, int]] = []

    def ask(self, left: float) -> Asked | None:
        """Ax's next point, moved to the nearest free design where there is a pool."""
        if self._shelf.target not in self._shelf.affordable(left):
            return None
        ((index, point),) = self._client.get_next_trials(max_trials=1).items()
        design = completed(
            self._campaign,
            {k: v if isinstance(v, str) else float(v) for k, v in point.items()},
        )
        if self._shelf.is_pool:
            near = self._shelf.nearest(self._shelf.target, self._shelf.point(design))
            assert near is not None
            if near != design:
                self._client.mark_trial_abandoned(index)
                index = self._client.attach_trial(dict(near))
            design = near
        asked = self._shelf.take(Asked(source=self._shelf.target, design=design))
        self._open.append((asked, index))
        return asked

    def tell(self, asked: Asked, value: float) -> None:
        """Complete the trial."""
        pair = next(pair for pair in self._open if pair[0] == asked)
        self._open.remove(pair)
        score = self._shelf.scale.score(value)
        self._client.complete_trial(pair[1], raw_data={"score": score})
        self._ledger.add(asked, value)

    def recommend(self) -> Design | None:
        """The best mean measured."""
        return self._ledger.best()


def _axis(name: str, p: Parameter) -> Any:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    if p.choices:
        return ChoiceParameterConfig(
            name=name,
            parameter_type="str",
            values=list(p.choices),
            is_ordered=False,
        )
    return RangeParameterConfig(
        name=name,
        parameter_type="float",
        bounds=(p.low or 0.0, p.high or 0.0),
        scaling="log" if p.log else "linear",
    )
