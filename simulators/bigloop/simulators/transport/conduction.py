"""Effective conductivity and tortuosity of an image, by finite volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bigloop.contracts import SpecError
from bigloop.simulators.transport.gradients import Limits, Progress, descend
from bigloop.simulators.transport.medium import Medium, check_image, medium


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduction:
    """What came of a solve; a failure is `converged=False` with NaN as conductivity."""

    conductivity: float
    """Effective conductivity `I L / (A dV)` [S/cm]; 0 if nothing joins both ends."""
    mean_conductivity: float
    """Mean over all cells [S/cm]: volume fraction times conductivity of the phases."""
    percolates: bool
    through_fraction: float
    """Part of the conducting cells that lie in clusters that join both ends."""
    error_bound: float
    """Bound of the relative error of the solution of the discrete problem."""
    imbalance: float
    """Difference of the currents through both ends, relative."""
    residual: float
    iterations: int
    converged: bool
    reason: str = ""
    """Why it did not converge."""

    @property
    def tortuosity(self) -> float:
        """`mean_conductivity / conductivity`; infinite if nothing joins both ends."""
        if not self.percolates:
            return math.inf
        return self.mean_conductivity / self.conductivity


def conduct(
    image: ArrayLike,
    conductivity: Mapping[int, float],
    *,
    axis: int = 0,
    contact: Mapping[tuple[int, int], float] | None = None,
    voxel_cm: float | None = None,
    tolerance: float = 1e-4,
    imbalance: float = 1e-2,
    max_iterations: int = 300,
    timeout_s: float = math.inf,
    device: str | None = None,
) -> Conduction:
    """Solve `div(sigma grad phi) = 0` on the cells of an image.

    Cell-centred finite volumes: the conductance of a face is the harmonic mean
    `2 a b / (a + b)` of its cells, with a contact resistance in series,
    `1 / (1 / g + R_c)`; potentials 1 and 0 on the two end faces, half a cell outside
    the first and last centres; no flux through the other sides.

    Args:
        image: phases, `n x m` or `n x m x k` integers, cells square or cubic.
        conductivity: of every phase of the image [S/cm]; 0 does not conduct.
        axis: along which the potential falls.
        contact: area-specific resistance [ohm cm2] between two phases, by their pair.
        voxel_cm: edge of a cell [cm]; matters only for `contact`.
        tolerance: relative, of the bound of the error of the conductivity.
        imbalance: allowed relative difference of the currents through both ends.
        max_iterations: then it has not converged.
        timeout_s: checked after each iteration.
        device: none for the compiled solver on one core, or a device of torch.

    Raises:
        SpecError: image or numbers cannot be used.
    """
    for name, value in (("tolerance", tolerance), ("imbalance", imbalance)):
        if not 1e-13 <= value <= 0.1:
            raise SpecError(f"{name}: {value!r}: give 1e-13 to 0.1")
    if max_iterations < 1 or not timeout_s >= 0:
        raise SpecError("max_iterations, timeout_s: give 1 or more, and 0 or more")
    found = medium(image, conductivity, axis, contact, voxel_cm)
    if found.through == 0:
        return _blocked(found)
    limits = Limits(
        tolerance=tolerance,
        imbalance=imbalance,
        iterations=max_iterations,
        timeout_s=timeout_s,
    )
    return _result(found, _solve(found, limits, device), limits)


def tortuosity(
    image: ArrayLike, phase: int, *, axis: int = 0, device: str | None = None
) -> Conduction:
    """Transport through one phase alone, with conductivity 1.

    `tortuosity` of the result is `D vf / D_eff` with the volume fraction `vf` of the
    phase in the whole image, its dead ends included, as TauFactor has it [Cooper2016]_.

    [Cooper2016] Cooper et al., SoftwareX 5, 203 (2016).

    Raises:
        SpecError: the image cannot be used, or has no cell of the phase.
    """
    pixels = check_image(image)
    if not (pixels == phase).any():
        raise SpecError(f"phase: {phase}: the image has no cell of it")
    return conduct(pixels == phase, _alone(pixels, phase), axis=axis, device=device)


def _alone(pixels: np.ndarray, phase: int) -> dict[int, float]:
    return {1: 1.0} if (pixels == phase).all() else {0: 0.0, 1: 1.0}


def _solve(found: Medium, limits: Limits, device: str | None) -> Progress:
    if device is None:
        from bigloop.simulators.transport import compiled

        return descend(compiled.prepare(found), limits)
    from bigloop.simulators.transport import tensors

    return descend(tensors.prepare(found, device), limits)


def _result(found: Medium, progress: Progress, limits: Limits) -> Conduction:
    area = found.phases.size // found.length
    value = progress.power * found.length / area
    reason = ""
    if not progress.converged:
        value = math.nan
        cause = "time is up" if progress.timed_out else "no convergence"
        reason = (
            f"{cause} after {progress.iterations} iterations: error bound "
            f"{progress.error_bound:.1e} (tolerance {limits.tolerance:g}), imbalance "
            f"{progress.imbalance:.1e} (at most {limits.imbalance:g})"
        )
    return Conduction(
        conductivity=value,
        mean_conductivity=found.mean,
        percolates=True,
        through_fraction=found.through,
        error_bound=progress.error_bound,
        imbalance=progress.imbalance,
        residual=progress.residual,
        iterations=progress.iterations,
        converged=progress.converged,
        reason=reason,
    )


def _blocked(found: Medium) -> Conduction:
    return Conduction(
        conductivity=0.0,
        mean_conductivity=found.mean,
        percolates=False,
        through_fraction=0.0,
        error_bound=0.0,
        imbalance=0.0,
        residual=0.0,
        iterations=0,
        converged=True,
    )
