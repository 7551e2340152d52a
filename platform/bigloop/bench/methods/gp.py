"""What the BoTorch peers share: their data as tensors, random openings, prediction."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import Any

from bigloop.bench.methods.base import Asked, Brief, Shelf
from bigloop.contracts import Design
from bigloop.contracts.drawing import sample

N_OPENING = 5
"""Random designs before a model decides, as Ax's default has it."""


class GaussianPeer:
    """Data of a run and what a BoTorch model makes of them; driven by a method."""

    def __init__(self, brief: Brief) -> None:
        self.shelf = Shelf(brief)
        self.campaign = brief.campaign
        self.rng = random.Random(brief.campaign.seed)
        self.pending: list[Asked] = []
        self.told: list[tuple[Asked, float]] = []

    def random_design(self, source: str) -> Design:
        """Any free design."""
        if self.shelf.is_pool:
            return self.shelf.designs[self.rng.choice(self.shelf.free(source))]
        return sample(self.campaign, self.rng)

    def ask(self, asked: Asked) -> Asked:
        """Note that a result is under way."""
        self.pending.append(self.shelf.take(asked))
        return asked

    def tell(self, asked: Asked, value: float) -> None:
        """Keep a result."""
        self.pending.remove(asked)
        self.told.append((asked, self.shelf.scale.score(value)))

    def points(self, designs: list[Design]) -> Any:
        """Designs as a tensor `n x d` of the unit cube."""
        import torch

        return torch.tensor(
            [self.shelf.point(design) for design in designs], dtype=torch.float64
        )

    def free_points(self, source: str) -> tuple[list[int], Any]:
        """Places and points `m x d` of the free designs of a source."""
        import torch

        free = self.shelf.free(source)
        points = torch.tensor([self.shelf.points[i] for i in free], dtype=torch.float64)
        return free, points

    def box(self, n_more: int = 0) -> Any:
        """Bounds `2 x (d + n_more)` of the unit cube."""
        import torch

        d = len(self.shelf.point(self.random_design(self.shelf.target))) + n_more
        return torch.stack([torch.zeros(d), torch.ones(d)]).to(torch.float64)

    def equalities(self) -> list[tuple[Any, Any, float]]:
        """What compositions say of points: places, weights and the sum."""
        import torch

        parameters, found = self.campaign.parameters, []
        widths = [len(p.choices) or 1 for p in parameters.values()]
        place = dict(zip(parameters, accumulate(widths, initial=0), strict=False))
        for composition in self.campaign.compositions.values():
            ranges = [parameters[name].range for name in composition.components]
            at = torch.tensor([place[name] for name in composition.components])
            span = torch.tensor([high - low for low, high in ranges])
            total = composition.total - sum(low for low, _ in ranges)
            found.append((at, span.to(torch.float64), total))
        return found

    def best_of(self, model: Any, n_more: int = 0) -> Design | None:
        """The design, tried at any source, with the best mean at the target."""
        import torch

        tried = [asked.design for asked, _ in self.told]
        if not tried:
            return None
        x = self.points(tried)
        x = torch.cat([x, torch.ones(len(x), n_more, dtype=x.dtype)], dim=-1)
        with torch.no_grad():
            mean = model.posterior(x).mean.squeeze(-1)
        return tried[int(mean.argmax())]


def fitted(model: Any) -> Any:
    """Fit a model's hyper-parameters as BoTorch does."""
    from botorch.fit import fit_gpytorch_mll
    from gpytorch.mlls import ExactMarginalLogLikelihood

    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def expected(model: Any, x: Any) -> tuple[float, float]:
    """Mean and standard deviation of a result at one point `1 x d`, noise included."""
    import torch

    with torch.no_grad():
        posterior = model.posterior(x, observation_noise=True)
    return float(posterior.mean), float(posterior.variance.sqrt())


def in_chunks(value: Any, points: Any, size: int = 512) -> Any:
    """An acquisition function at `n x d` points, a few hundred at a time."""
    import torch

    with torch.no_grad():
        parts = [value(part.unsqueeze(1)) for part in points.split(size)]
    return torch.cat(parts)
