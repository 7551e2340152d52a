"""BayBE as it comes: its default recommender over the pool, or over the box."""

from __future__ import annotations

from typing import Any

from bigloop.bench.methods.base import Asked, Brief, Ledger, Shelf
from bigloop.contracts import Design, Parameter


class BayBEMethod:
    """Ranks the designs of a pool; each is recommended as often as it has specimens."""

    def __init__(self, brief: Brief) -> None:
        from baybe import Campaign
        from baybe.objectives import SingleTargetObjective
        from baybe.targets import NumericalTarget

        self._shelf = Shelf(brief)
        self._ledger = Ledger(self._shelf)
        self._names = list(brief.campaign.parameters)
        self._is_pool = self._shelf.is_pool
        has_more = any(s.specimens > 1 for s in brief.stock or ())
        discrete = {
            "allow_recommending_already_measured": has_more,
            "allow_recommending_already_recommended": has_more,
            "allow_recommending_pending_experiments": has_more,
        }
        self._campaign = Campaign(
            searchspace=_space(brief, self._shelf),
            objective=SingleTargetObjective(NumericalTarget("score")),
            **(discrete if self._is_pool else {}),
        )
        self._pending: list[Asked] = []

    def ask(self, left: float) -> Asked | None:
        """BayBE's next recommendation; the nearest free design if it is used up."""
        if self._shelf.target not in self._shelf.affordable(left):
            return None
        pending = self._frame(self._pending) if self._pending else None
        found = self._campaign.recommend(batch_size=1, pending_experiments=pending)
        row = found.iloc[0]
        design: Design = {
            k: row[k] if isinstance(row[k], str) else float(row[k]) for k in self._names
        }
        if self._is_pool:
            near = self._shelf.nearest(self._shelf.target, self._shelf.point(design))
            assert near is not None
            design = near
        asked = self._shelf.take(Asked(source=self._shelf.target, design=design))
        self._pending.append(asked)
        return asked

    def tell(self, asked: Asked, value: float) -> None:
        """Add the measurement."""
        self._pending.remove(asked)
        frame = self._frame([asked])
        frame["score"] = self._shelf.scale.score(value)
        self._campaign.add_measurements(frame)
        self._ledger.add(asked, value)

    def recommend(self) -> Design | None:
        """The best mean measured."""
        return self._ledger.best()

    def _frame(self, asked: list[Asked]) -> Any:
        import pandas as pd

        return pd.DataFrame([a.design for a in asked], columns=self._names)


def _space(brief: Brief, shelf: Shelf) -> Any:
    import pandas as pd
    from baybe.parameters import (
        CategoricalParameter,
        NumericalContinuousParameter,
        NumericalDiscreteParameter,
    )
    from baybe.searchspace import SearchSpace

    def axis(name: str, p: Parameter) -> Any:
        if p.choices:
            return CategoricalParameter(name=name, values=p.choices)
        if not shelf.is_pool:
            return NumericalContinuousParameter(name=name, bounds=(p.low, p.high))
        values = sorted({float(design[name]) for design in shelf.designs})
        return NumericalDiscreteParameter(name=name, values=values)

    axes = [axis(name, p) for name, p in brief.campaign.parameters.items()]
    if not shelf.is_pool:
        return SearchSpace.from_product(axes, _sums(brief))
    return SearchSpace.from_dataframe(pd.DataFrame(shelf.designs), axes)


def _sums(brief: Brief) -> list[Any]:
    """Compositions as BayBE has them."""
    from baybe.constraints import ContinuousLinearConstraint

    return [
        ContinuousLinearConstraint(list(c.components), "=", rhs=c.total)
        for c in brief.campaign.compositions.values()
    ]
