r"""BoTorch with several fidelities: max-value entropy and the knowledge gradient.

Both use `SingleTaskMultiFidelityGP` on a discrete fidelity [Wu2019]_: the target is 1,
cheaper sources stand evenly below it in the order of their cost, as in BoTorch's own
tutorial, and gain is weighed by inverse cost. Both begin with `N_OPENING` random
designs, each at every source.

.. [Wu2019] Wu, Toscano-Palmerin, Frazier, Wilson: Practical multi-fidelity Bayesian
   optimization for hyperparameter tuning. UAI 2019.
"""

from __future__ import annotations

from typing import Any

from bigloop.bench.methods.base import Asked, Brief
from bigloop.bench.methods.gp import (
    N_OPENING,
    GaussianPeer,
    expected,
    fitted,
    in_chunks,
)
from bigloop.contracts import Design

N_FANTASIES = 16
"""Of the knowledge gradient; the tutorial has 128 and takes a minute an ask."""


class _MultiFidelity:
    """Opening, model and prices; what to ask next is left to an acquisition."""

    def __init__(self, brief: Brief) -> None:
        self.peer = GaussianPeer(brief)
        sources = brief.campaign.sources
        target = brief.campaign.objective.source
        self.cost = {k: sum(s.cost.values()) for k, s in sources.items()}
        cheaper = sorted((k for k in sources if k != target), key=self.cost.__getitem__)
        self.level = {
            name: (i + 1) / (len(cheaper) + 1) for i, name in enumerate(cheaper)
        } | {target: 1.0}
        first = [self.peer.random_design(target) for _ in range(N_OPENING)]
        self._opening = [(name, d) for d in first for name in sources]

    def opening(self, left: float) -> Asked | None:
        """The next of the first designs, if it is affordable and still free."""
        while self._opening:
            source, design = self._opening.pop(0)
            shelf = self.peer.shelf
            is_free = not shelf.is_pool or any(
                shelf.designs[i] == design for i in shelf.free(source)
            )
            if is_free and source in shelf.affordable(left):
                return Asked(source=source, design=design)
        return None

    def inputs(self, source: str, points: Any) -> Any:
        """Points with the fidelity of a source as last column."""
        import torch

        level = torch.full((len(points), 1), self.level[source], dtype=points.dtype)
        return torch.cat([points, level], dim=-1)

    def model(self) -> Any:
        """The model of all results; pending ones stand at their mean."""
        import torch

        rows = [
            self.inputs(asked.source, self.peer.points([asked.design]))
            for asked, _ in self.peer.told
        ]
        x = torch.cat(rows)
        y = torch.tensor([[score] for _, score in self.peer.told], dtype=x.dtype)
        model = self._fitted(x, y)
        if self.peer.pending:
            more = torch.cat(
                [
                    self.inputs(asked.source, self.peer.points([asked.design]))
                    for asked in self.peer.pending
                ]
            )
            with torch.no_grad():
                mean = model.posterior(more).mean
            model = self._fitted(torch.cat([x, more]), torch.cat([y, mean]))
        return model

    def _fitted(self, x: Any, y: Any) -> Any:
        from botorch.models import SingleTaskMultiFidelityGP

        fidelity = x.shape[-1] - 1
        return fitted(SingleTaskMultiFidelityGP(x, y, data_fidelities=[fidelity]))

    def utility(self) -> Any:
        """Gain divided by the cost of the nearest fidelity."""
        import torch
        from botorch.acquisition.cost_aware import InverseCostWeightedUtility
        from botorch.models.deterministic import GenericDeterministicModel

        names = list(self.level)
        levels = torch.tensor([self.level[k] for k in names], dtype=torch.float64)
        costs = torch.tensor([self.cost[k] for k in names], dtype=torch.float64)

        def cost(x: Any) -> Any:
            nearest = (x[..., -1:] - levels).abs().argmin(dim=-1, keepdim=True)
            return costs[nearest]

        return InverseCostWeightedUtility(GenericDeterministicModel(cost))

    def project(self, x: Any) -> Any:
        """Points at the target fidelity."""
        from botorch.acquisition.utils import project_to_target_fidelity

        return project_to_target_fidelity(
            X=x, target_fidelities={x.shape[-1] - 1: 1.0}, d=x.shape[-1]
        )

    def asked(self, model: Any, source: str, design: Design) -> Asked:
        """What to ask, with the result that the model expects."""
        x = self.inputs(source, self.peer.points([design]))
        interval = self.peer.shelf.scale.interval(*expected(model, x))
        return Asked(source=source, design=design, interval=interval)

    def recommend(self) -> Design | None:
        """The design, tried at any source, with the best mean at the target."""
        if len(self.peer.told) < 2:
            return self.peer.told[0][0].design if self.peer.told else None
        return self.peer.best_of(self.model(), n_more=1)


class MaxValueEntropyMethod:
    """`qMultiFidelityMaxValueEntropy` [Takeno2020]_ over the pool and all sources.

    .. [Takeno2020] Takeno et al.: Multi-fidelity Bayesian optimization with max-value
       entropy search and its parallelization. ICML 2020.
    """

    def __init__(self, brief: Brief) -> None:
        self._mf = _MultiFidelity(brief)

    def ask(self, left: float) -> Asked | None:
        """The largest gain of information on the maximum per cost."""
        mf, peer = self._mf, self._mf.peer
        if (first := mf.opening(left)) is not None:
            return peer.ask(first)
        open_ = peer.shelf.affordable(left)
        if not open_ or not peer.told:
            return None
        model = mf.model()
        value = self._value(model)
        best: tuple[float, str, Design] | None = None
        for source in open_:
            score, design = self._best(value, source)
            if best is None or score > best[0]:
                best = score, source, design
        assert best is not None
        return peer.ask(mf.asked(model, best[1], best[2]))

    def tell(self, asked: Asked, value: float) -> None:
        """Keep the result."""
        self._mf.peer.tell(asked, value)

    def recommend(self) -> Design | None:
        """The tried design with the best posterior mean."""
        return self._mf.recommend()

    def _value(self, model: Any) -> Any:
        import torch
        from botorch.acquisition.max_value_entropy_search import (
            qMultiFidelityMaxValueEntropy,
        )

        peer = self._mf.peer
        if peer.shelf.is_pool:
            points = torch.tensor(peer.shelf.points, dtype=torch.float64)
        else:
            d = peer.box().shape[-1]
            sobol = torch.quasirandom.SobolEngine(d, scramble=True, seed=len(peer.told))
            points = sobol.draw(512, dtype=torch.float64)
        return qMultiFidelityMaxValueEntropy(
            model,
            self._mf.inputs(peer.shelf.target, points),
            cost_aware_utility=self._mf.utility(),
            project=self._mf.project,
        )

    def _best(self, value: Any, source: str) -> tuple[float, Design]:
        from botorch.optim import optimize_acqf

        mf, peer = self._mf, self._mf.peer
        if peer.shelf.is_pool:
            free, points = peer.free_points(source)
            found = in_chunks(value, mf.inputs(source, points), 128)
            return float(found.max()), peer.shelf.designs[free[int(found.argmax())]]
        box = peer.box(n_more=1)
        point, score = optimize_acqf(
            value,
            box,
            q=1,
            num_restarts=4,
            raw_samples=64,
            fixed_features={box.shape[-1] - 1: mf.level[source]},
        )
        return float(score), peer.shelf.design(point[0, :-1].tolist())


class KnowledgeGradientMethod:
    """`qMultiFidelityKnowledgeGradient`, optimised over the box, at the nearest design.

    The one-shot form cannot rank a pool: each candidate has an optimisation within.
    """

    def __init__(self, brief: Brief) -> None:
        self._mf = _MultiFidelity(brief)

    def ask(self, left: float) -> Asked | None:
        """The largest expected rise of the best mean at the target per cost."""
        mf, peer = self._mf, self._mf.peer
        if (first := mf.opening(left)) is not None:
            return peer.ask(first)
        open_ = peer.shelf.affordable(left)
        if not open_ or not peer.told:
            return None
        model = mf.model()
        source, point = self._best(model, open_)
        design = peer.shelf.nearest(source, point)
        assert design is not None
        return peer.ask(mf.asked(model, source, design))

    def tell(self, asked: Asked, value: float) -> None:
        """Keep the result."""
        self._mf.peer.tell(asked, value)

    def recommend(self) -> Design | None:
        """The tried design with the best posterior mean."""
        return self._mf.recommend()

    def _best(self, model: Any, sources: list[str]) -> tuple[str, list[float]]:
        from botorch.acquisition import PosteriorMean, qMultiFidelityKnowledgeGradient
        from botorch.acquisition.fixed_feature import FixedFeatureAcquisitionFunction
        from botorch.optim import optimize_acqf, optimize_acqf_mixed

        mf = self._mf
        box = mf.peer.box(n_more=1)
        last = box.shape[-1] - 1
        mean = FixedFeatureAcquisitionFunction(
            acq_function=PosteriorMean(model), d=last + 1, columns=[last], values=[1.0]
        )
        _, current = optimize_acqf(
            mean, box[:, :-1], q=1, num_restarts=4, raw_samples=64
        )
        value = qMultiFidelityKnowledgeGradient(
            model,
            num_fantasies=N_FANTASIES,
            current_value=current.detach(),
            cost_aware_utility=mf.utility(),
            project=mf.project,
        )
        point, _ = optimize_acqf_mixed(
            value,
            box,
            q=1,
            num_restarts=2,
            raw_samples=32,
            fixed_features_list=[{last: mf.level[name]} for name in sources],
        )
        *x, level = point[0].tolist()
        return min(sources, key=lambda name: abs(mf.level[name] - level)), x
