"""Angular particles packed into a periodic box."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TRIES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Which particle covers each cell (0: none), and the diameters of the particles."""

    label: NDArray[np.int32]
    diameter: NDArray[np.float64]


def pack(
    shape: tuple[int, ...],
    part: float,
    diameter: float,
    spread: float,
    rng: np.random.Generator,
) -> Packing:
    """Place shards, the largest first, until they cover a part of the box.

    Diameters are log-normal by number about `diameter` [cells]. Each particle goes to
    the best of some random places; where it still overlaps it is cut, so that crowded
    particles touch along faces.
    """
    sizes = _sizes(shape, part, diameter, spread, rng)
    label = np.zeros(shape, dtype=np.int32)
    wanted, covered = part * label.size, 0
    for number, size in enumerate(sizes, start=1):
        if covered >= wanted:
            break
        shard = _shard(size, len(shape), rng)
        index = _best_place(label, shard, rng)
        free = shard & (label[index] == 0)
        spill = covered + int(free.sum()) - wanted
        if spill > 0.5 * free.sum() and number > 1:
            continue
        label[index] = np.where(free, number, label[index])
        covered += int(free.sum())
    return Packing(label=label, diameter=np.concatenate([[0.0], sizes]))


def _sizes(
    shape: tuple[int, ...],
    part: float,
    diameter: float,
    spread: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    dim = len(shape)
    unit = math.pi / 4 if dim == 2 else math.pi / 6
    largest = 0.8 * min(shape)
    drawn, volume = [], 0.0
    # Cut and trimmed particles cover less than they have: draw for twice the volume.
    while volume < 2 * part * math.prod(shape):
        size = min(diameter * math.exp(spread * rng.standard_normal()), largest)
        drawn.append(max(size, 1.0))
        volume += unit * drawn[-1] ** dim
    return np.sort(np.array(drawn))[::-1]


def _shard(size: float, dim: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A ball of unequal axes, cut by random planes; the volume is that of the ball."""
    half = math.ceil(0.9 * size) + 1
    x = np.indices((2 * half + 1,) * dim).reshape(dim, -1).T - half
    normals = rng.standard_normal((4 + 4 * dim, dim))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    offsets = rng.uniform(0.68, 1.0, len(normals))
    stretch = np.exp(0.18 * rng.standard_normal(dim))
    y = x / stretch * math.prod(stretch) ** (1 / dim) + rng.uniform(-0.5, 0.5, dim)
    reach = np.maximum((y @ normals.T / offsets).max(axis=1), np.linalg.norm(y, axis=1))
    unit = math.pi / 4 if dim == 2 else math.pi / 6
    n = max(round(unit * size**dim), 1)
    inside = np.zeros(len(x), dtype=np.bool_)
    inside[np.argpartition(reach, n - 1)[:n]] = True
    return inside.reshape((2 * half + 1,) * dim)


def _best_place(
    label: NDArray[np.int32], shard: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.intp], ...]:
    best, least = None, math.inf
    for _ in range(TRIES):
        corner = [int(rng.integers(n)) for n in label.shape]
        index = np.ix_(
            *(
                (np.arange(m) + c) % n
                for m, c, n in zip(shard.shape, corner, label.shape, strict=True)
            )
        )
        overlap = int((label[index][shard] > 0).sum())
        if overlap < least:
            best, least = index, overlap
        if overlap == 0:
            break
    assert best is not None
    return best
