"""What a mixture says of specimens one by one: mean, aleatoric and epistemic spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigloop.models.censoring import hazard

if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.models.mixture import Mixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Belief of the latent value of each specimen at each node, `k x q` each."""

    weights: Tensor
    """Belief in each node, which may depend on the specimen."""
    mean: Tensor
    variance: Tensor
    noise: Tensor
    """`k x 1`, standard deviation of the noise."""

    @classmethod
    def of(cls, mixture: Mixture, phi: Tensor, is_new: Tensor) -> Outlook:
        """At regressors `q x p`; `is_new` marks specimens of a batch never labelled."""
        mean, root = mixture.latent(phi)
        fresh = mixture.nodes[:, 2:] ** 2 * is_new
        return cls(
            weights=mixture.weights[:, None].expand_as(mean),
            mean=mean,
            variance=root.square().sum(-2) + fresh,
            noise=mixture.nodes[:, 1:2],
        )

    def without(self, precision: Tensor, shift: Tensor) -> Outlook:
        """The belief before a censored specimen's own site, `k x q`, was added."""
        cavity = 1.0 / (1.0 / self.variance - precision)
        mean = cavity * (self.mean / self.variance - shift)
        return Outlook(
            weights=self.weights, mean=mean, variance=cavity, noise=self.noise
        )

    def moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, aleatoric and epistemic standard deviation, `q` each."""
        noise = (self.noise**2).expand_as(self.mean)
        return _mix(self.weights, self.mean, noise, self.variance)

    def at(self, columns: list[int]) -> Outlook:
        """The belief about some of the specimens."""
        return Outlook(
            weights=self.weights[:, columns],
            mean=self.mean[:, columns],
            variance=self.variance[:, columns],
            noise=self.noise,
        )

    def learning(self, bounds: Tensor, is_news: Tensor) -> Outlook:
        """The nodes weighed anew where it is news that the value exceeds its bound."""
        import torch

        spread = (self.variance + self.noise**2).sqrt()
        odds = torch.special.log_ndtr((self.mean - bounds) / spread) * is_news
        weights = torch.softmax(self.weights.log() + odds, 0)
        return Outlook(
            weights=weights, mean=self.mean, variance=self.variance, noise=self.noise
        )

    def moments_above(self, bounds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `moments`, of the values known to exceed `bounds`.

        Truncation acts on the sum of latent value and noise; its variance is split in
        the ratio that they had before.
        """
        total = self.variance + self.noise**2
        z = (bounds - self.mean) / total.sqrt()
        ratio = hazard(z)
        left = (1.0 - ratio * (ratio - z)).clamp_min(0.0)
        mean = self.mean + total.sqrt() * ratio
        return _mix(self.weights, mean, left * self.noise**2, left * self.variance)


def _mix(
    weights: Tensor, mean: Tensor, aleatoric: Tensor, epistemic: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    middle = (weights * mean).sum(0)
    between = (weights * (mean - middle) ** 2).sum(0)
    return (
        middle,
        (weights * aleatoric).sum(0).sqrt(),
        ((weights * epistemic).sum(0) + between).sqrt(),
    )
