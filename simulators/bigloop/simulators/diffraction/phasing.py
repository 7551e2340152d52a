"""Iterative phasing of one pattern: ER, HIO, RAAR, shrink-wrap."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats
from bigloop.simulators.diffraction.schedule import Step, parse
from bigloop.simulators.diffraction.settings import Settings
from bigloop.simulators.diffraction.support import ShrinkWrap, first_support

CHECK_EVERY = 10
FULLEST = 0.5
"""An object that fills more of its box is not determined by the pattern: sampled twice
as finely as needed along each axis, it fills an eighth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phasing:
    """What came of one start; arrays are `nx x ny x nz`."""

    object: NDArray[np.complex128]
    """Complex density; its far field is that of `fourier.far_field`."""
    support: NDArray[np.bool_]
    chi_square: float
    """Of `object`, see `chi_square`; infinite when it failed."""
    history: Floats
    """chi-square before each iteration's modulus projection, without any scaling."""
    seed: int
    n_iterations: int
    seconds: float
    failure: str = ""
    """Why there is no object: diverged, or a support that is empty or fills the box."""


def phase(
    amplitude: Floats,
    settings: Settings | None = None,
    seed: int = 0,
    *,
    mask: NDArray[np.bool_] | None = None,
    support: NDArray[np.bool_] | None = None,
    start: NDArray[np.complex128] | None = None,
) -> Phasing:
    """Phase a measured amplitude from a random start; the same seed, the same bits.

    Args:
        amplitude: square root of the counts, the peak in the middle, `nx x ny x nz`.
        settings: how.
        seed: of the random start.
        mask: voxels that were measured; the others are left free.
        support: to begin with, instead of that of the settings.
        start: object to begin with, instead of a random one.

    Raises:
        SpecError: an array is not finite, negative, all zero or of another shape.
    """
    settings = settings or Settings()
    _check(amplitude, mask, support, start)
    began = time.perf_counter()
    run = _Run(amplitude, settings, mask)
    run.begin(seed, support, start)
    failure = run.iterate(parse(settings.sequence))
    rho, inside, n = run.object(), run.support_array(), len(run.history)
    chi = float("inf") if failure else chi_square(rho, amplitude, mask)
    return Phasing(
        object=rho,
        support=inside,
        chi_square=chi,
        history=np.array([float(e) for e in run.history]),
        seed=seed,
        n_iterations=n,
        seconds=time.perf_counter() - began,
        failure=failure,
    )


def chi_square(
    rho: NDArray[np.complex128],
    amplitude: Floats,
    mask: NDArray[np.bool_] | None = None,
) -> float:
    """Sum (sqrt(I_est) - sqrt(I_meas))^2 / sum I_meas over the measured voxels.

    The estimate is scaled so that the sum is smallest: an object has no scale of its
    own.
    """
    from bigloop.simulators.diffraction.fourier import far_field

    a, measured = np.abs(far_field(rho)), amplitude
    if mask is not None:
        a, measured = a[mask], measured[mask]
    total = float(np.sum(measured**2))
    square = float(np.sum(a**2))
    scale = float(np.sum(a * measured)) / square if square > 0 else 0.0
    return float(np.sum((scale * a - measured) ** 2)) / total


class _Run:
    """The arrays of one phasing, on the device; origins lie in the corner."""

    def __init__(
        self, amplitude: Floats, settings: Settings, mask: NDArray[np.bool_] | None
    ) -> None:
        import torch

        self._torch, self._settings = torch, settings
        double = settings.precision == "double"
        self._real = torch.float64 if double else torch.float32
        self._complex = torch.complex128 if double else torch.complex64
        # Unitary transforms keep the sum of squares: 1 on both sides suits floats.
        self._norm = float(np.sqrt(np.sum(amplitude**2)))
        self._a = self._tensor(np.fft.ifftshift(amplitude / self._norm), self._real)
        self._mask = None
        if mask is not None and not mask.all():
            self._mask = self._tensor(np.fft.ifftshift(mask), torch.bool)
        self._wrap = ShrinkWrap(self._a, settings)
        self.history: list[Any] = []

    def begin(
        self,
        seed: int,
        support: NDArray[np.bool_] | None,
        start: NDArray[np.complex128] | None,
    ) -> None:
        if support is None:
            self._support = first_support(self._a, self._settings)
        else:
            self._support = self._tensor(support, self._torch.bool)
        if start is None:
            rng = np.random.default_rng(seed)
            start = rng.random(self._a.shape) + 1j * rng.random(self._a.shape)
        rho = self._tensor(start, self._complex) * self._support
        self._rho = rho / self._torch.linalg.vector_norm(rho)

    def iterate(self, steps: list[Step]) -> str:
        """Run the steps; why it had to stop, or nothing."""
        total = sum(step.n for step in steps)
        names = (step.algorithm for step in steps for _ in range(step.n))
        for i, name in enumerate(names):
            every = self._settings.shrink_every
            if every and i and i % every == 0:
                self._support = self._wrap(self._rho, i / total)
            if i % CHECK_EVERY == 0 and (failure := self._failure(i)):
                return failure
            self._step(name)
            if i == self._settings.twin_at:
                self._halve()
        return self._failure(total)

    def _step(self, name: str) -> None:
        torch, s = self._torch, self._settings
        rho, inside = self._rho, self._support
        projected = self._project(rho)
        if name == "ER":
            self._rho = projected * inside
        elif name == "HIO":
            outside = torch.add(rho, projected, alpha=-s.hio_beta)
            self._rho = torch.where(inside, projected, outside)
        else:
            # beta/2 (R_S R_M + 1) + (1 - beta) P_M [Luke2005]_, R = 2 P - 1.
            outside = s.raar_beta * rho + (1 - 2 * s.raar_beta) * projected
            self._rho = torch.where(inside, projected, outside)

    def _project(self, rho: Any) -> Any:
        """The nearest object with the measured amplitude; notes the misfit before."""
        torch = self._torch
        field = torch.fft.fftn(rho, norm="ortho")
        a = field.abs()
        off = a - self._a
        ratio = self._a / a.clamp_(min=1e-20)
        if self._mask is not None:
            off = off * self._mask
            ratio = torch.where(self._mask, ratio, 1.0)
        self.history.append(torch.sum(off * off))
        return torch.fft.ifftn(field.mul_(ratio), norm="ortho")

    def _halve(self) -> None:
        """Empty all but a quarter of the box, along the first two axes."""
        nx, ny, _ = self._rho.shape
        self._rho[(nx + 1) // 2 :] = 0
        self._rho[:, (ny + 1) // 2 :] = 0

    def _failure(self, i: int) -> str:
        where = f"after {i} iterations"
        if self.history and not bool(self._torch.isfinite(self.history[-1])):
            return f"diverged {where}: the misfit is not finite"
        filled = float(self._support.to(self._real).mean())
        if filled == 0:
            return f"empty support {where}"
        if filled > FULLEST and i:
            return f"support fills {100 * filled:.0f} % of the box {where}"
        if i and not bool(self._rho.any()):
            return f"the object vanished {where}"
        return ""

    def object(self) -> NDArray[np.complex128]:
        rho = (self._rho * self._support).cpu().numpy().astype(complex)
        return np.asarray(rho * self._norm)

    def support_array(self) -> NDArray[np.bool_]:
        return np.asarray(self._support.cpu().numpy())

    def _tensor(self, array: NDArray[Any], dtype: Any) -> Any:
        found = self._torch.from_numpy(np.ascontiguousarray(array))
        return found.to(device=self._settings.device, dtype=dtype)


def _check(amplitude: Floats, *others: NDArray[Any] | None) -> None:
    if amplitude.ndim != 3 or min(amplitude.shape) < 4:
        raise SpecError(
            f"amplitude: shape {amplitude.shape}: give three axes of 4 or more"
        )
    if not (np.isfinite(amplitude).all() and (amplitude >= 0).all()):
        raise SpecError("amplitude: negative or not finite: prepare the scan first")
    if not amplitude.any():
        raise SpecError("amplitude: all zero: there is nothing to phase")
    for other in others:
        if other is not None and other.shape != amplitude.shape:
            raise SpecError(f"shape {other.shape}: the amplitude is {amplitude.shape}")
