"""Flexible preconditioned conjugate gradients that know how wrong they still are."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

SAFETY = 0.8
"""Ritz values lie above the eigenvalue: this part of the least one is taken for it."""


class System(Protocol):
    """`A x = b` with a preconditioner; vectors are of NumPy or of torch."""

    def apply(self, p: Any) -> Any:
        """`A p`."""
        ...

    def precondition(self, r: Any) -> Any:
        """`M r`, symmetric positive definite or nearly so."""
        ...

    def dot(self, x: Any, y: Any) -> float:
        """`x y`."""
        ...

    def add(self, y: Any, scale: float, x: Any) -> None:
        """`y += scale x`, without a copy."""
        ...

    def dissipation(self, x: Any) -> float:
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


def descend(system: System, x: Any, r: Any, limits: Limits) -> Progress:
    """Improve `x` in place, of which `r` is the residual, until the limits hold.

    The error of the dissipated power is the square of the energy norm of the error of
    `x`, `r A^-1 r`. It is bounded by a quadrature of Gauss and Radau over the spectrum
    of `M A`, whose node is a lower bound of that spectrum; the least Ritz value, made
    smaller by `SAFETY`, takes its place [Meurant2013]_.

    [Meurant2013] Meurant, Tichý, Numer. Algorithms 62, 163 (2013).
    """
    began, start = time.monotonic(), math.sqrt(system.dot(r, r))
    p, q, scale = None, None, 0.0
    alphas: list[float] = []
    betas: list[float] = []
    power = system.dissipation(x)
    for iteration in range(1, limits.iterations + 1):
        z = system.precondition(r)
        if p is None:
            p = z + 0.0
        else:
            beta = -system.dot(z, q) / scale
            betas.append(max(beta, 0.0))
            p *= beta
            p += z
        q = system.apply(p)
        scale, slope = system.dot(p, q), system.dot(r, z)
        if not (scale > 0 and math.isfinite(scale) and math.isfinite(slope)):
            # Exactly solved, or broken: the residual tells which.
            small = math.sqrt(system.dot(r, r)) <= 1e-14 * start
            bound = 0.0 if small else math.inf
            return _progress(system, x, r, start, bound, iteration, limits)
        alpha = system.dot(r, p) / scale
        system.add(x, alpha, p)
        system.add(r, -alpha, q)
        alphas.append(alpha)
        # The power is known well enough from its decrease; it is summed up at the end.
        power -= alpha * slope
        unbalanced = abs(float(r.sum())) / abs(power)
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
    return _progress(system, x, r, start, left, iteration, limits, late)


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
    x: Any,
    r: Any,
    start: float,
    left: float,
    iterations: int,
    limits: Limits,
    late: bool = False,
) -> Progress:
    power = system.dissipation(x)
    bound = left / power if power > 0 else math.inf
    unbalanced = abs(float(r.sum())) / power if power > 0 else math.inf
    return Progress(
        power=power,
        error_bound=bound,
        imbalance=unbalanced,
        residual=math.sqrt(system.dot(r, r)) / start if start > 0 else 0.0,
        iterations=iterations,
        converged=bound <= limits.tolerance and unbalanced <= limits.imbalance,
        timed_out=late,
    )
