"""What is believed of the spreads before any label, and the grid that integrates it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import PositiveFloat, PositiveInt

from bigloop.contracts import Document

if TYPE_CHECKING:
    from torch import Tensor


class Hyperprior(Document):
    """Priors of the three standard deviations, in units of the target's scale.

    The scale is 1 for an observable on the natural-log scale (a factor e), so that the
    numbers below read as relative spreads. None was fitted to data:

    - `signal`, of the part that the inputs explain: lives in one campaign spread by
      factors of 1.2 to 5 over designs, so log-normal around 0.5, 95 % in 0.12 to 2.0;
    - `noise`, from specimen to specimen at equal inputs: replicates of one cell differ
      by 5 to 50 %, so log-normal around 0.2, 95 % in 0.06 to 0.65;
    - `batch`, from batch to batch: tens of percent, and zero must stay possible, so
      half-normal of scale 0.3 (median 0.2, 95 % below 0.6).

    The intercept is flat: where life lies is for the data to say. Slopes are normal
    around 0 with the signal variance shared evenly, `signal^2 / d` each, on inputs
    standardised by all specimens seen: no sign is preferred, and more inputs do not
    mean more variance.
    """

    signal: PositiveFloat = 0.5
    signal_log_sd: PositiveFloat = 0.7
    noise: PositiveFloat = 0.2
    noise_log_sd: PositiveFloat = 0.6
    batch: PositiveFloat = 0.3
    n_signal: PositiveInt = 9
    n_noise: PositiveInt = 21
    n_batch: PositiveInt = 9

    def nodes(self, has_batches: bool) -> tuple[Tensor, Tensor]:
        """The grid: `(signal, noise, batch)` as `k x 3` and log prior weights `k`.

        Log-normals stand on even steps over +-2.5 sd, the half-normal on Gauss-Legendre
        nodes over 0 to 3 scales; what lies outside has 1.2 % and 0.3 % of the prior.
        """
        import torch

        signal, log_p = _log_normal(self.signal, self.signal_log_sd, self.n_signal)
        noise, log_q = _log_normal(self.noise, self.noise_log_sd, self.n_noise)
        batch, log_r = _half_normal(self.batch, self.n_batch if has_batches else 0)
        grid = torch.cartesian_prod(signal, noise, batch)
        weights = torch.cartesian_prod(log_p, log_q, log_r).sum(-1)
        return grid, weights - weights.logsumexp(0)


def _log_normal(median: float, log_sd: float, n: int) -> tuple[Tensor, Tensor]:
    import torch

    reach = 2.5 if n > 1 else 0.0
    z = torch.linspace(-reach, reach, n, dtype=torch.double)
    return median * torch.exp(log_sd * z), -0.5 * z**2


def _half_normal(scale: float, n: int) -> tuple[Tensor, Tensor]:
    import numpy as np
    import torch

    if n == 0:
        zero = torch.zeros(1, dtype=torch.double)
        return zero, zero
    x, w = np.polynomial.legendre.leggauss(n)
    z = torch.as_tensor(1.5 * (x + 1.0))
    return scale * z, torch.as_tensor(np.log(w)) - 0.5 * z**2 + math.log(1.5)
