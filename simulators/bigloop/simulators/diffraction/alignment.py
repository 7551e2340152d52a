"""Solutions brought to one another: shift, conjugate twin, global phase, ramp.

The pattern does not tell an object rho(x) from rho(x + s), conj(rho(-x)) and
exp(i c) rho(x); a peak beside the middle gives a linear phase.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.diffraction.checks import Floats

Complex = NDArray[np.complex128]


def twin(rho: Complex) -> Complex:
    """conj(rho(-x)) about the middle, index n // 2; it has the same intensity."""
    axes = (0, 1, 2)
    flipped = np.flip(rho, axes)
    shift = [1 if n % 2 == 0 else 0 for n in rho.shape]
    return np.asarray(np.conj(np.roll(flipped, shift, axes)))


def align(
    rho: Complex, reference: Complex, *, subvoxel: bool = True, ramp: bool = True
) -> Complex:
    """The equivalent of `rho` that is nearest to `reference`, scaled to it.

    Both twins are shifted to where their density fits best (phase-free, so that a ramp
    does not mislead), then by what the complex correlation says; the better one is
    taken. Ramps are sought as shifts of the pattern, to a fraction of a voxel.

    Args:
        rho: to be moved.
        reference: stays.
        subvoxel: also by fractions of a voxel, in Fourier space.
        ramp: also remove a linear phase between the two.
    """
    candidates = [_placed(c, reference, subvoxel, ramp) for c in (rho, twin(rho))]
    return max(candidates, key=lambda c: correlation(c, reference))


def correlation(rho: Complex, reference: Complex) -> float:
    """|sum conj(a) b| / (|a| |b|) of two objects as they lie, 0 to 1."""
    norms = float(np.linalg.norm(rho) * np.linalg.norm(reference))
    return abs(complex(np.vdot(reference, rho))) / norms if norms > 0 else 0.0


def relative_error(rho: Complex, reference: Complex) -> float:
    """|a - b| / |b| after the best complex factor."""
    factor = np.vdot(rho, reference) / np.vdot(rho, rho)
    return float(np.linalg.norm(factor * rho - reference) / np.linalg.norm(reference))


def _placed(rho: Complex, reference: Complex, subvoxel: bool, ramp: bool) -> Complex:
    density = _correlate(np.abs(rho), np.abs(reference))
    rho = np.roll(rho, [-s for s in _whole(density)], (0, 1, 2))
    if ramp:
        # A ramp moves the far field: its shift is the peak of this transform.
        cross = np.abs(np.fft.ifftn(np.conj(reference) * rho)) ** 2
        rho = rho * _ramp(rho.shape, _peak(cross, subvoxel))
    inner = _correlate(rho, reference)
    shift = _peak(np.abs(inner) ** 2, subvoxel)
    if subvoxel:
        rho = _shifted(rho, [-s for s in shift])
    else:
        rho = np.roll(rho, [-round(s) for s in shift], (0, 1, 2))
    square = float(np.vdot(rho, rho).real)
    factor = np.vdot(rho, reference) / square if square > 0 else 0.0
    return np.asarray(factor * rho)


def _correlate(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.fft.ifftn(np.fft.fftn(a) * np.conj(np.fft.fftn(b))))


def _whole(values: NDArray[Any]) -> list[int]:
    peak = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
    return [_signed(int(p), n) for p, n in zip(peak, values.shape, strict=True)]


def _signed(index: int, n: int) -> int:
    return index - n if index > n // 2 else index


def _peak(values: Floats, subvoxel: bool) -> list[float]:
    """Position of the maximum, refined by a parabola along each axis."""
    whole = _whole(values)
    if not subvoxel:
        return [float(w) for w in whole]
    found = []
    for axis, w in enumerate(whole):
        step = np.eye(3, dtype=int)[axis]
        left, mid, right = (values[tuple(whole + d * step)] for d in (-1, 0, 1))
        bend = left - 2 * mid + right
        found.append(w + (0.5 * (left - right) / bend if bend < 0 else 0.0))
    return found


def _ramp(shape: tuple[int, ...], turns: list[float]) -> Complex:
    """exp(2 pi i turns x / n): what undoes a shift of the far field by `turns`."""
    total = np.zeros(shape)
    for axis, (n, t) in enumerate(zip(shape, turns, strict=True)):
        along = [-1 if a == axis else 1 for a in range(3)]
        total = total + (t / n * np.arange(n)).reshape(along)
    return np.asarray(np.exp(2j * np.pi * total))


def _shifted(rho: Complex, shift: list[float]) -> Complex:
    """rho(x - shift), band-limited."""
    field = np.fft.fftn(rho)
    for axis, (n, s) in enumerate(zip(rho.shape, shift, strict=True)):
        along = [-1 if a == axis else 1 for a in range(3)]
        field = field * np.exp(-2j * np.pi * s * np.fft.fftfreq(n)).reshape(along)
    return np.asarray(np.fft.ifftn(field))
