"""From the counts of a scan to an amplitude that can be phased."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats, within
from bigloop.simulators.diffraction.hot import hot_pixels, hot_voxels

Triple = tuple[int, int, int]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An amplitude with its peak in the middle; arrays are `nx x ny x nz`."""

    amplitude: Floats
    """Square root of the corrected counts; 0 up to the threshold."""
    mask: Bools
    """Voxels that were measured; dead and hot ones, and padding, were not."""
    peak: Triple
    """Where the peak was in the scan."""
    hot: tuple[tuple[int, int], ...]
    """Hot pixels of the detector that were found, beside those given as bad."""
    n_spikes: int
    """Single voxels that were found hot."""

    @property
    def photons(self) -> float:
        """Counts that are left."""
        return float(np.sum(self.amplitude**2))


def prepare(
    counts: NDArray[np.generic],
    *,
    dark: Floats | None = None,
    whitefield: Floats | None = None,
    threshold: float = 0.0,
    shape: Triple | None = None,
    binning: Triple = (1, 1, 1),
    margin: int = 4,
) -> Prepared:
    """Correct, clean, centre, crop and bin a scan `n x ny x nz`, frames first.

    Args:
        counts: of the scan.
        dark: counts of the pixels without light, `ny x nz`: subtracted; pixels that
            have more than 1 are taken as bad.
        whitefield: of the pixels in even light, `ny x nz`: divided out, relative to its
            mean; pixels 3 standard deviations below the mean are taken as bad.
        threshold: corrected counts up to this become 0.
        shape: of the box about the peak, before binning; what it has beyond the scan is
            marked as not measured. None: the scan as it is, rolled.
        binning: voxels to be summed along each axis.
        margin: least distance of the peak from the scan's border.

    Raises:
        SpecError: counts that are no counts (NaN, negative, all zero), frames that do
            not fit, or a peak at the border, where half of it is missing.
    """
    found = _checked(counts)
    found, good = _corrected(found, dark, whitefield)
    spikes = hot_voxels(np.where(good, found, 0.0))
    pixels = hot_pixels(np.where(good & ~spikes, found, 0.0))
    pixels |= spikes.mean(0) > 0.1
    spikes &= ~pixels
    good = good & ~pixels
    good = good & ~spikes
    clean = np.where(good, found, 0.0)
    if not clean.any():
        raise SpecError("counts: nothing is left but bad pixels: look at the scan")
    peak = _peak(clean, margin)
    clean[clean <= within("threshold", threshold, 0.0, 1e12, "counts")] = 0.0
    values = _boxed(clean, peak, shape, binning)
    measured = _boxed(good.astype(float), peak, shape, binning)
    mask = measured > np.prod(binning) - 0.5
    return Prepared(
        amplitude=np.sqrt(np.where(mask, values, 0.0)),
        mask=mask,
        peak=peak,
        hot=tuple((int(y), int(z)) for y, z in np.argwhere(pixels)),
        n_spikes=int(spikes.sum()),
    )


def _checked(counts: NDArray[np.generic]) -> Floats:
    found = np.array(counts, dtype=float)
    if found.ndim != 3 or min(found.shape) < 8:
        raise SpecError(f"counts: shape {found.shape}: give three axes of 8 or more")
    for what, wrong in (("not finite", ~np.isfinite(found)), ("negative", found < 0)):
        if wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise SpecError(
                f"counts{list(where)}: {found[where]:g}: {int(wrong.sum())} values are "
                f"{what}; mask them, or look at the detector"
            )
    if not found.any():
        raise SpecError("counts: all zero: the scan is empty")
    return found


def _corrected(
    counts: Floats, dark: Floats | None, whitefield: Floats | None
) -> tuple[Floats, Bools]:
    """Corrected counts, and whether a voxel is good."""
    good = np.ones(counts.shape, dtype=bool)
    for name, frame in (("dark", dark), ("whitefield", whitefield)):
        if frame is None:
            continue
        if frame.shape != counts.shape[1:] or not np.isfinite(frame).all():
            raise SpecError(
                f"{name}: shape {frame.shape}: give finite frames {counts.shape[1:]}"
            )
    if dark is not None:
        good &= dark <= 1
        counts = np.maximum(counts - dark, 0.0)
    if whitefield is not None:
        mean = float(whitefield.mean())
        good &= whitefield > max(mean - 3 * float(whitefield.std()), 0.0)
        counts = counts * (mean / np.where(whitefield > 0, whitefield, mean))
    return counts, good


def _peak(counts: Floats, margin: int) -> Triple:
    from scipy.ndimage import uniform_filter

    smooth = uniform_filter(counts, 3, mode="constant")
    where = np.unravel_index(int(np.argmax(smooth)), counts.shape)
    x, y, z = (int(i) for i in where)
    for axis, (i, n) in enumerate(zip((x, y, z), counts.shape, strict=True)):
        if min(i, n - 1 - i) < margin:
            raise SpecError(
                f"counts: the peak is at {[x, y, z]}, {min(i, n - 1 - i)} voxels from "
                f"the border of axis {axis}: measure it whole, or lower `margin`"
            )
    return x, y, z


def _boxed(
    values: Floats, peak: Triple, shape: Triple | None, binning: Triple
) -> Floats:
    """The box about the peak, which comes to index n // 2, also after binning."""
    if min(binning) < 1 or len(binning) != 3:
        raise SpecError(f"binning: {binning}: give three numbers of 1 or more")
    wanted = shape or (values.shape[0], values.shape[1], values.shape[2])
    if min(wanted) < 4 or any(n < 4 * b for n, b in zip(wanted, binning, strict=True)):
        raise SpecError(f"shape: {wanted}: give 4 or more along each axis, as binned")
    sizes = [n // b for n, b in zip(wanted, binning, strict=True)]
    box = np.zeros([n * b for n, b in zip(sizes, binning, strict=True)])
    inside, outside = [], []
    axes = zip(sizes, box.shape, binning, peak, values.shape, strict=True)
    for n, size, b, p, m in axes:
        first = p - (n // 2) * b - b // 2
        low, high = max(first, 0), min(first + size, m)
        outside.append(slice(low, high))
        inside.append(slice(low - first, high - first))
    box[tuple(inside)] = values[tuple(outside)]
    a, b, c = binning
    split = box.reshape(sizes[0], a, sizes[1], b, sizes[2], c)
    return np.asarray(split.sum((1, 3, 5)))
