"""What labelled specimens say of a linear mixed model: its sufficient statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Sums over exact labels, and the rows of the censored ones.

    With regressors `p = 1 + d + b` (intercept, standardised inputs, one column a
    batch), these sums determine the posterior at any hyper-parameters, so they are
    what a model file holds: a few kB whatever the number of specimens.
    """

    gram: Tensor
    """`p x p`, regressors' cross products."""
    moment: Tensor
    """`p`, regressors times centred targets."""
    square: Tensor
    """Scalar, sum of squared centred targets."""
    n: int
    """Exact labels."""
    censored: Tensor
    """`c x p`, regressors of specimens known only to exceed a value."""
    bounds: Tensor
    """`c`, centred values that they exceed."""

    @classmethod
    def of(cls, phi: Tensor, y: Tensor, is_censored: Tensor) -> Evidence:
        """From regressors `n x p`, targets `n` and a mask `n`."""
        exact, over = ~is_censored, is_censored
        return cls(
            gram=phi[exact].T @ phi[exact],
            moment=phi[exact].T @ y[exact],
            square=y[exact] @ y[exact],
            n=int(exact.sum()),
            censored=phi[over],
            bounds=y[over],
        )
