"""Flexible preconditioned conjugate gradients that know how wrong they still are."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

SAFETY = 0.8
"""Ritz values lie above the eigenvalue: this part of the least one is taken for it."""


class System(Protocol):
    """`A x = b` with a preconditioner `M`, symmetric positive definite or nearly so.

    It holds the vectors: `x`, its residual `r`, `z = M r`, the direction `p` and
    `q = A p`, the last two of zeros at first.
    """

    def precondition(self) -> tuple[float, float]:
        """`z = M r`; returns `r z` and `z q`."""
        ...

    def search(self, beta: float) -> tuple[float, float]:
        """`p = z + beta p`, `q = A p`; returns `p q` and `r p`."""
        ...

    def move(self, alpha: float) -> float:
        """`x += alpha p`, `r -= alpha q`; returns the sum of `r`."""
        ...

    def residual(self) -> tuple[float, float]:
        """Norm and sum of `r`."""
        ...

    def dissipation(self) -> float:
        """Power at unit voltage: the conductance, from above."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop; see `conduct`."""

    tolerance: float
    imbalance: float
    iterations: int
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the iteration ended."""

    power: float
    error_bound: float
    """Bound of the error of the power, relative."""
    imbalance: float
    """Difference of the currents through both ends, relative."""
    residual: float
    """Norm of the residual, relative to that of the start."""
    iterations: int
    converged: bool
    timed_out: bool = False


def descend(system: System, limits: Limits) -> Progress:
    """Improve the solution until the limits hold.

    The error of the dissipated power is the square of the energy norm of the error of
    `x`, `r A^-1 r`. It is bounded by a quadrature of Gauss and Radau over the spectrum
    of `M A`, whose node is a lower bound of that spectrum; the least Ritz value, made
    smaller by `SAFETY`, takes its place [Meurant2013]_.

    [Meurant2013] Meurant, Tichý, Numer. Algorithms 62, 163 (2013).
    """
    began, scale = time.monotonic(), math.inf
    start, _ = system.residual()
    alphas: list[float] = []
    betas: list[float] = []
    power = system.dissipation()
    for iteration in range(1, limits.iterations + 1):
        slope, back = system.precondition()
        beta = -back / scale
        if alphas:
            betas.append(max(beta, 0.0))
        scale, along = system.search(beta)
        if not (scale > 0 and math.isfinite(scale) and math.isfinite(slope)):
            # Exactly solved, or broken: the residual tells which.
            small = system.residual()[0] <= 1e-14 * start
            bound = 0.0 if small else math.inf
            return _progress(system, start, bound, iteration, limits)
        alpha = along / scale
        unbalanced = abs(system.move(alpha))
        alphas.append(alpha)
        # The power is known well enough from its decrease; it is summed up at the end.
        power -= alpha * slope
        unbalanced /= abs(power)
        left = 0.02 * slope * alpha
        done = left <= limits.tolerance * power and unbalanced <= limits.imbalance
        if done or iteration == limits.iterations:
            left = slope * radau(alphas, betas, SAFETY * least_ritz(alphas, betas))
            # One Ritz value or two say nothing of the least eigenvalue.
            done = iteration > 2 and left <= limits.tolerance * power
        late = time.monotonic() - began > limits.timeout_s
        if (done and unbalanced <= limits.imbalance) or late:
            break
    left = math.inf if late and not done else left
    return _progress(system, start, left, iteration, limits, late)


def radau(alphas: list[float], betas: list[float], least: float) -> float:
    """Bound of the error left after the last step, per `r M r` before it."""
    node = 1 / least
    for alpha, beta in zip(alphas[:-1], betas, strict=True):
        node = (node - alpha) / (least * (node - alpha) + beta)
    return max(node - alphas[-1], 0.01 * alphas[-1])


def least_ritz(alphas: list[float], betas: list[float]) -> float:
    """Least eigenvalue of the Lanczos matrix that the coefficients define."""
    a, b = np.array(alphas), np.array(betas[: len(alphas) - 1])
    diagonal = 1 / a
    diagonal[1:] += b / a[:-1]
    side = np.sqrt(b) / a[:-1]
    matrix = np.diag(diagonal) + np.diag(side, 1) + np.diag(side, -1)
    return max(float(np.linalg.eigvalsh(matrix)[0]), 1e-12)


def _progress(
    system: System,
    start: float,
    left: float,
    iterations: int,
    limits: Limits,
    late: bool = False,
) -> Progress:
    power, (norm, total) = system.dissipation(), system.residual()
    bound = left / power if power > 0 else math.inf
    unbalanced = abs(total) / power if power > 0 else math.inf
    return Progress(
        power=power,
        error_bound=bound,
        imbalance=unbalanced,
        residual=norm / start if start > 0 else 0.0,
        iterations=iterations,
        converged=bound <= limits.tolerance and unbalanced <= limits.imbalance,
        timed_out=late,
    )
