r"""BoTorch with one fidelity: `SingleTaskGP` and LogEI [Ament2023]_ over the pool.

.. [Ament2023] Ament, Daulton, Eriksson, Balandat, Bakshy: Unexpected improvements to
   expected improvement for Bayesian optimization. NeurIPS 2023.
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


class LogExpectedImprovementMethod:
    """Ranks the pool, or optimises over the box; pending results are believed."""

    def __init__(self, brief: Brief) -> None:
        self._peer = GaussianPeer(brief)

    def ask(self, left: float) -> Asked | None:
        """Random designs first, then the largest LogEI."""
        peer, target = self._peer, self._peer.shelf.target
        if target not in peer.shelf.affordable(left):
            return None
        if len(peer.told) + len(peer.pending) < N_OPENING or not peer.told:
            return peer.ask(Asked(source=target, design=peer.random_design(target)))
        model, best = self._model()
        design = self._best(model, best)
        interval = peer.shelf.scale.interval(*expected(model, peer.points([design])))
        return peer.ask(Asked(source=target, design=design, interval=interval))

    def tell(self, asked: Asked, value: float) -> None:
        """Keep the result."""
        self._peer.tell(asked, value)

    def recommend(self) -> Design | None:
        """The tried design with the best posterior mean."""
        if len(self._peer.told) < 2:
            return self._peer.told[0][0].design if self._peer.told else None
        return self._peer.best_of(self._model()[0])

    def _model(self) -> tuple[Any, float]:
        """The model and the best score; pending results stand at their mean."""
        import torch
        from botorch.models import SingleTaskGP

        peer = self._peer
        x = peer.points([asked.design for asked, _ in peer.told])
        y = torch.tensor([[score] for _, score in peer.told], dtype=torch.float64)
        model = fitted(SingleTaskGP(x, y))
        if peer.pending:
            more = peer.points([asked.design for asked in peer.pending])
            with torch.no_grad():
                mean = model.posterior(more).mean
            model = fitted(SingleTaskGP(torch.cat([x, more]), torch.cat([y, mean])))
        return model, float(y.max())

    def _best(self, model: Any, best: float) -> Design:
        from botorch.acquisition import LogExpectedImprovement
        from botorch.optim import optimize_acqf

        peer = self._peer
        value = LogExpectedImprovement(model, best)
        if peer.shelf.is_pool:
            free, points = peer.free_points(peer.shelf.target)
            return peer.shelf.designs[free[int(in_chunks(value, points).argmax())]]
        point, _ = optimize_acqf(
            value,
            peer.box(),
            q=1,
            num_restarts=8,
            raw_samples=256,
            equality_constraints=peer.equalities() or None,
        )
        return peer.shelf.design(point[0].tolist())
