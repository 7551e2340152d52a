"""Any `Surrogate` as a BoTorch `Model`, for its acquisition functions."""

from __future__ import annotations

from typing import Any

import torch
from botorch.models.model import Model

from bigloop.contracts import Surrogate


class SurrogateModel(Model):  # type: ignore[misc]
    """One output, no batch of models; gradients pass through to the inputs."""

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        self.surrogate = surrogate

    @property
    def num_outputs(self) -> int:
        """Number of targets."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """A surrogate is one model."""
        return torch.Size()

    def posterior(
        self,
        X: torch.Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool = False,
        posterior_transform: Any = None,
    ) -> Any:
        """Posterior over `(b) x q x 1` of the latent value."""
        if observation_noise:
            raise NotImplementedError("ask the surrogate's uncertainty for the noise")
        found = self.surrogate.posterior(X)
        return posterior_transform(found) if posterior_transform else found
