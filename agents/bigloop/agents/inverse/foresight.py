"""What runs at given barriers would come to: the model, corrected by runs."""

from __future__ import annotations

import torch
from torch import Tensor

from bigloop.agents.inverse.target import Target
from bigloop.models.prvae.conditioning import Inverse
from bigloop.models.prvae.expecting import NOISE, check_knows
from bigloop.models.prvae.forward import Forward
from bigloop.models.prvae.model import PrVAE

_LENGTH = 1.5
"""Over which the error of the model is alike, in standard deviations of each barrier;
random points of the box are 5.5 apart."""


class Foresight:
    """Properties of one more run at barriers, as a Gaussian, without running it.

    The ensemble from barriers to properties says what to expect; its errors at what was
    run for this target are carried over to barriers close by: a Gaussian process on
    the error, whose deviation at each point is the one that the ensemble gives itself
    [Rasmussen2006]_.

    Args:
        model: fitted, with barriers and properties.

    Raises:
        SpecError: the model has learned no barriers or no properties.

    .. [Rasmussen2006] C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for
       Machine Learning (2006), section 2.7.
    """

    def __init__(self, model: PrVAE) -> None:
        check_knows(model)
        learned = model.learned
        assert learned.prior is not None
        assert learned.inverse is not None
        self.model, self.n_evaluations = model, 0
        self.forward: Forward = learned.prior.forward
        self.inverse: Inverse = learned.inverse
        self.device = model.hardware.device
        d, k = len(learned.scales.barrier_mean), len(learned.scales.property_mean)
        self.seen = torch.zeros(0, d, device=self.device)
        """Barriers that were run [eV]."""
        self.found = torch.zeros(0, k, device=self.device)
        """What they came to, standardised."""

    def observe(self, barriers: Tensor, properties: Tensor) -> None:
        """Take in runs: barriers `n x 15` [eV] and properties `n x k`, one run each."""
        scaled = self.model.learned.scales.properties(properties.to(self.seen))
        self.seen = torch.cat([self.seen, barriers.to(self.seen)])
        self.found = torch.cat([self.found, scaled])
        mean, sd = self._prior(self.seen)
        alike = self._alike(self.seen, self.seen)
        covariance = sd.T[:, :, None] * alike * sd.T[:, None, :]
        covariance = covariance + NOISE**2 * torch.eye(len(self.seen)).to(alike)
        self._factor = torch.linalg.cholesky(covariance)
        error = (self.found - mean).T[:, :, None]
        self._weights = torch.cholesky_solve(error, self._factor)[:, :, 0]
        self._sd = sd

    def standardised(self, barriers: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of one run, `n x k` each, standardised.

        Args:
            barriers: `n x 15` [eV]; gradients reach them.
        """
        self.n_evaluations += len(barriers)
        mean, sd = self._prior(barriers)
        variance = sd.square()
        if len(self.seen):
            alike = self._alike(barriers, self.seen)
            cross = sd.T[:, :, None] * alike * self._sd.T[:, None, :]
            mean = mean + (cross @ self._weights[:, :, None])[:, :, 0].T
            half = torch.linalg.solve_triangular(self._factor, cross.mT, upper=False)
            variance = (variance - half.square().sum(dim=1).T).clamp_min(0.0)
        return mean, (variance + NOISE**2).sqrt()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __call__(self, barriers: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of one run, `n x k` each, in their units."""
        mean, sd = self.standardised(barriers.to(self.device, torch.float32))
        scales = self.model.learned.scales
        return (
            scales.property_mean + scales.property_sd * mean.cpu(),
            scales.property_sd * sd.cpu(),
        )

    def misfit(self, barriers: Tensor, target: Target) -> Tensor:
        """How little the target is expected at barriers, `n` [nat].

        The negative log-likelihood of the target as the next run: where the model does
        not know is no better than where it expects something else.
        """
        mean, sd = self.standardised(barriers)
        wanted = self.model.learned.scales.properties(target.tensor).to(mean)
        each = 0.5 * ((mean - wanted) / sd).square() + sd.log()
        return (each * target.known.to(mean)).sum(dim=1)

    def best_seen(self, target: Target, n: int) -> Tensor:
        """Barriers of the runs that fit the target best, best first, at most `n`."""
        if not len(self.seen):
            return self.seen
        with torch.no_grad():
            return self.seen[self.misfit(self.seen, target).argsort()[:n]]

    def _prior(self, barriers: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.forward.moments(self._scaled(barriers))
        return found

    def _alike(self, one: Tensor, other: Tensor) -> Tensor:
        apart = torch.cdist(self._scaled(one), self._scaled(other))
        return torch.exp(-0.5 * (apart / _LENGTH).square())

    def _scaled(self, barriers: Tensor) -> Tensor:
        return self.model.learned.scales.barriers(barriers)
