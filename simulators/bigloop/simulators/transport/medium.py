"""An image of phases with their conductivities: checked, and what conducts through."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigloop.contracts import SpecError

MOST_PHASES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """Phases as consecutive numbers, and the conductance of a face between any two.

    `phases` is `n_z x n_y x n_x` with the ends across z, or across y if n_z is 1; 0 is
    what carries no current. `table` has the conductance of a face [S/cm] times the edge
    of a cell over the area of its face; its diagonal is the conductivity.
    """

    phases: NDArray[np.uint8]
    table: NDArray[np.float64]
    mean: float
    """Mean conductivity over the whole image [S/cm]."""
    through: float
    """Part of the conducting cells that lie in clusters that join both ends."""

    @property
    def length(self) -> int:
        """Cells from end to end."""
        return int(self.phases.shape[0 if self.phases.shape[0] > 1 else 1])


def medium(
    image: ArrayLike,
    conductivity: Mapping[int, float],
    axis: int = 0,
    contact: Mapping[tuple[int, int], float] | None = None,
    voxel_cm: float | None = None,
) -> Medium:
    """Check what a user gives; see `conduct` for the arguments.

    Raises:
        SpecError: image, conductivities or contacts cannot be used; says which.
    """
    pixels = check_image(image)
    if not -pixels.ndim <= axis < pixels.ndim:
        raise SpecError(f"axis: {axis}: the image has axes 0 to {pixels.ndim - 1}")
    labels, counts, phases = _consecutive(pixels)
    if len(labels) > MOST_PHASES:
        raise SpecError(
            f"image: {len(labels)} different values: give a segmented image of at most "
            f"{MOST_PHASES} phases"
        )
    sigma = _conductivities(labels, conductivity)
    table = _table(labels, sigma, contact or {}, voxel_cm)
    phases = np.ascontiguousarray(np.moveaxis(phases, axis, 0))
    if phases.ndim == 2:
        phases = phases[None]
    phases, through = _without_islands(phases, np.concatenate([[0.0], sigma]) > 0)
    return Medium(
        phases=phases,
        table=table,
        mean=float(sigma @ counts / pixels.size),
        through=through,
    )


def _consecutive(
    pixels: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.uint8]]:
    """The values that occur, how often, and the image with 1, 2, ... in their place."""
    if pixels.dtype == np.uint8:
        found = np.bincount(pixels.reshape(-1), minlength=256)
        labels = np.flatnonzero(found)
        number = np.zeros(256, np.uint8)
        number[labels] = np.arange(1, len(labels) + 1)
        return labels, found[labels], number[pixels]
    labels, counts = np.unique_counts(pixels)
    return labels, counts, (np.searchsorted(labels, pixels) + 1).astype(np.uint8)


def check_image(image: ArrayLike) -> NDArray[np.integer]:
    """The image as integers.

    Raises:
        SpecError: it is not 2-D or 3-D, an axis is shorter than 2, or a value is no
            integer.
    """
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or min(pixels.shape) < 2:
        raise SpecError(
            f"image: shape {pixels.shape}: give 2 or 3 axes of 2 cells or more"
        )
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8)
    if np.issubdtype(pixels.dtype, np.integer):
        small = pixels.min() >= 0 and pixels.max() < 256
        return pixels.astype(np.uint8, copy=False) if small else pixels
    if not np.issubdtype(pixels.dtype, np.floating) or not np.isfinite(pixels).all():
        raise SpecError("image: has values that are no finite numbers: segment it")
    whole: NDArray[np.integer] = np.rint(pixels).astype(np.int64)
    if bool((whole != pixels).any()):
        raise SpecError(
            "image: has values that are no integers: segment it into phases"
        )
    return whole


def _conductivities(
    labels: NDArray[np.integer], conductivity: Mapping[int, float]
) -> NDArray[np.float64]:
    for phase, value in conductivity.items():
        if not (math.isfinite(value) and value >= 0):
            raise SpecError(f"conductivity[{phase}]: {value!r}: give 0 or more in S/cm")
        if phase not in labels:
            there = ", ".join(map(str, labels))
            raise SpecError(
                f"conductivity[{phase}]: the image has no cell of phase {phase}, only "
                f"{there}"
            )
    if missing := [str(label) for label in labels if label not in conductivity]:
        raise SpecError(
            f"conductivity: phase {', '.join(missing)} of the image has none; give "
            "one, 0 if it does not conduct"
        )
    return np.array([conductivity[int(label)] for label in labels], dtype=np.float64)


def _table(
    labels: NDArray[np.integer],
    sigma: NDArray[np.float64],
    contact: Mapping[tuple[int, int], float],
    voxel_cm: float | None,
) -> NDArray[np.float64]:
    """Harmonic means, with contact resistances in series; row 0 is no phase."""
    a, b = sigma[:, None], sigma[None, :]
    # Each half of the face's cell pair in series; the order of factors cannot overflow.
    low, high = np.minimum(a, b), np.maximum(a, b)
    faces = np.divide(
        2 * low, 1 + np.divide(low, high, out=np.zeros_like(a + b), where=high > 0)
    )
    if contact and not (voxel_cm and math.isfinite(voxel_cm) and voxel_cm > 0):
        raise SpecError(
            f"voxel_cm: {voxel_cm!r}: contact resistances need the edge of a cell in cm"
        )
    known = {int(label): i for i, label in enumerate(labels)}
    for (one, two), value in contact.items():
        where = f"contact[{one}, {two}]"
        if not (math.isfinite(value) and value >= 0):
            raise SpecError(f"{where}: {value!r}: give 0 or more in ohm cm2")
        if one == two or one not in known or two not in known:
            raise SpecError(f"{where}: name two different phases of the image")
        i, j = known[one], known[two]
        g = faces[i, j] / (1 + faces[i, j] * value / (voxel_cm or 1.0))
        faces[i, j] = faces[j, i] = g
    return np.pad(faces, ((1, 0), (1, 0)))


def _without_islands(
    phases: NDArray[np.uint8], conducts: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], float]:
    """Phase 0 for all that does not conduct or does not join both ends."""
    from bigloop.simulators.transport.clusters import conducting, keep, label

    # All phases but 0 occur.
    if conducts[1:].all():
        return phases, 1.0
    # Whoever conducts is joined to a conducting neighbour whatever their phases are.
    _, n_y, n_x = phases.shape
    clusters, first = label(conducting(phases, conducts), n_x, n_y * n_x)
    ends = 0 if len(phases) > 1 else 1
    layers = clusters.reshape(phases.shape).take((0, -1), ends)
    both = np.zeros(first.size + 1, dtype=np.bool_)
    both[np.intersect1d(layers.take(0, ends), layers.take(1, ends))] = True
    both[-1] = False
    total, left = keep(clusters, both, phases.reshape(-1))
    return phases, left / total if total else 0.0
