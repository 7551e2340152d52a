"""Shape descriptors of segmented images.

Lengths are in units of `voxel`, which is the edge of a cell in any unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.transport.medium import check_image

Mask = NDArray[np.bool_]
Field = NDArray[np.float64]
_WEIGHTS = {1: 0.0457778912, 2: 0.0369806279, 3: 0.0351956398}
"""Part of the sphere around the directions along edges, face and space diagonals of a
cube; each counts for both senses [Legland2007]_.

[Legland2007] Legland, Kiêu, Devaux, Image Anal. Stereol. 26, 83 (2007).
"""


def fractions(image: ArrayLike) -> dict[int, float]:
    """Volume fraction of every phase that occurs."""
    pixels = check_image(image)
    labels, counts = np.unique_counts(pixels)
    return {
        int(label): float(count / pixels.size)
        for label, count in zip(labels, counts, strict=True)
    }


def surface(image: ArrayLike, phase: int, voxel: float = 1.0) -> float:
    """Surface of a phase per volume of the image [1/voxel]; in 2-D perimeter per area.

    Crofton's formula: what lines in 13 directions (2-D: 4) cross. The sides of the
    image are no surface. Right on average for surfaces of all orientations, within 1 %
    for a ball of radius 5; a plane along the grid counts for a tenth too little, and
    what is thinner than a cell is not seen: about 1 / (2 l) where chords have mean l.
    """
    inside = _mask(image, phase)
    voxel = _check_voxel(voxel)
    if inside.ndim == 2:
        return _perimeter(inside) / voxel
    crossings = 0.0
    for step in product((-1, 0, 1), repeat=3):
        if step > (0, 0, 0):
            order = sum(abs(s) for s in step)
            crossings += 2 * _WEIGHTS[order] * _changes(inside, step) / math.sqrt(order)
    return 2 * crossings / voxel


def interface(image: ArrayLike, one: int, other: int, voxel: float = 1.0) -> float:
    """Area of contact of two phases per volume [1/voxel]; in 2-D length per area."""
    pixels = check_image(image)
    both = np.where(pixels == other, one, pixels)
    sides = surface(pixels, one, voxel) + surface(pixels, other, voxel)
    if (both == one).all():
        return 0.5 * sides
    return max(0.5 * (sides - surface(both, one, voxel)), 0.0)


def chords(image: ArrayLike, phase: int, axis: int = 0, voxel: float = 1.0) -> Field:
    """Lengths of all chords of a phase along an axis, but for those cut by the sides.

    Their mean is `4 vf / s` (2-D: `pi vf / s`) in an isotropic medium that is large
    beside them.

    Raises:
        SpecError: the image cannot be used, or has no cell of the phase.
    """
    inside = np.moveaxis(_mask(image, phase), axis, -1)
    rows = inside.reshape(-1, inside.shape[-1])
    edges = np.diff(np.pad(rows, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    _, start = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    whole = (start > 0) & (end < rows.shape[1])
    lengths: Field = (end - start)[whole].astype(np.float64)
    return lengths * _check_voxel(voxel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """How a phase hangs together; cells are joined by faces."""

    clusters: int
    largest: float
    """Part of the phase in its largest cluster."""
    percolating: tuple[float, ...]
    """Part of the phase in clusters that join both ends, along each axis."""
    euler: float
    """Euler number per cell: clusters less loops plus enclosed holes."""


def connectivity(image: ArrayLike, phase: int) -> Connectivity:
    """Clusters, percolation and Euler number of a phase.

    Raises:
        SpecError: the image cannot be used, or has no cell of the phase.
    """
    from scipy import ndimage
    from skimage.measure import euler_number

    inside = _mask(image, phase)
    labels, n = ndimage.label(inside)
    sizes = np.bincount(labels.ravel(), minlength=n + 1).astype(np.float64)
    sizes[0] = 0
    total = sizes.sum()
    through = []
    for axis in range(inside.ndim):
        ends = labels.take(0, axis), labels.take(-1, axis)
        through.append(float(sizes[np.intersect1d(*ends)].sum() / total))
    return Connectivity(
        clusters=int(n),
        largest=float(sizes.max() / total),
        percolating=tuple(through),
        euler=float(euler_number(inside, connectivity=1)) / inside.size,
    )


def two_point(
    image: ArrayLike, phase: int, reach: int | None = None
) -> tuple[Field, Field]:
    """Probability that two points at a distance are both in a phase, `S2(r)`.

    Returns distances [cells] and probabilities, means over all directions in shells of
    one cell; not periodic: pairs that leave the image are not counted.

    Args:
        image: phases.
        phase: which.
        reach: longest distance; a quarter of the shortest side by default.

    Raises:
        SpecError: the image cannot be used, or has no cell of the phase.
    """
    from scipy import fft

    inside = _mask(image, phase)
    reach = reach or max(min(inside.shape) // 4, 1)
    if not 0 < reach < min(inside.shape):
        raise SpecError(f"reach: {reach}: give 1 to {min(inside.shape) - 1} cells")
    padded = [fft.next_fast_len(n + reach, real=True) for n in inside.shape]
    counts = []
    for field in (inside, np.ones_like(inside)):
        spectrum = fft.rfftn(field.astype(np.float64), padded)
        counts.append(fft.irfftn(np.abs(spectrum) ** 2, padded))
    near = np.ix_(*(np.arange(-reach, reach + 1),) * inside.ndim)
    pairs, all_pairs = counts[0][near], counts[1][near]
    steps = np.indices(pairs.shape) - reach
    shell = np.rint(np.sqrt((steps**2).sum(axis=0))).astype(np.int64).ravel()
    kept = shell <= reach
    share = (pairs / all_pairs).ravel()[kept]
    number = np.bincount(shell[kept])
    radius = np.bincount(shell[kept], np.sqrt((steps**2).sum(axis=0)).ravel()[kept])
    return radius / number, np.bincount(shell[kept], share) / number


def describe(
    image: ArrayLike, phases: Mapping[str, int], voxel: float = 1.0
) -> dict[str, float]:
    """The scalar descriptors of the named phases: what a surrogate is trained on.

    For each phase `NAME.fraction`, `.surface` [1/voxel], `.chord` (mean over axes, NaN
    where no chord ends within the image), `.largest`, `.percolating` (axis 0), and
    `.euler`; zeros, and NaN for the chord, where the image has none of it.
    """
    pixels = check_image(image)
    found: dict[str, float] = {}
    for name, phase in phases.items():
        inside = pixels == phase
        if not inside.any():
            values = [0.0, 0.0, math.nan, 0.0, 0.0, 0.0]
        else:
            joined = connectivity(pixels, phase)
            lengths = [
                chords(pixels, phase, axis, voxel) for axis in range(pixels.ndim)
            ]
            chord = np.concatenate(lengths)
            values = [
                float(inside.mean()),
                surface(pixels, phase, voxel) if not inside.all() else 0.0,
                float(chord.mean()) if chord.size else math.nan,
                joined.largest,
                joined.percolating[0],
                joined.euler,
            ]
        kinds = ("fraction", "surface", "chord", "largest", "percolating", "euler")
        found |= {f"{name}.{kind}": v for kind, v in zip(kinds, values, strict=True)}
    return found


def _mask(image: ArrayLike, phase: int) -> Mask:
    inside: Mask = check_image(image) == phase
    if not inside.any():
        raise SpecError(f"phase: {phase}: the image has no cell of it")
    return inside


def _check_voxel(voxel: float) -> float:
    if not (math.isfinite(voxel) and voxel > 0):
        raise SpecError(f"voxel: {voxel!r}: give a length above 0")
    return voxel


def _changes(inside: Mask, step: tuple[int, ...]) -> float:
    """Part of the pairs of cells a step apart of which one is inside."""
    pairs = list(zip(step, inside.shape, strict=True))
    here = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in pairs)
    there = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in pairs)
    return float((inside[here] != inside[there]).mean())


def _perimeter(inside: Mask) -> float:
    """Crofton's formula with 4 directions, `pi / 4` of the crossings per direction."""
    straight = _changes(inside, (1, 0)) + _changes(inside, (0, 1))
    diagonal = _changes(inside, (1, 1)) + _changes(inside, (1, -1))
    return math.pi / 8 * (straight + diagonal / math.sqrt(2))
