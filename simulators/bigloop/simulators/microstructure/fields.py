"""Random fields on periodic boxes: smooth noise, and distances to random points."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]


def noise(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> Field:
    """Gaussian noise of mean 0 and variance 1 that is smooth over `length` cells."""
    axes = range(len(shape))
    spectrum = np.fft.rfftn(rng.standard_normal(shape), axes=axes)
    waves = np.meshgrid(
        *(np.fft.fftfreq(n) for n in shape[:-1]),
        np.fft.rfftfreq(shape[-1]),
        indexing="ij",
        sparse=True,
    )
    square = np.zeros(spectrum.shape)
    for wave in waves:
        square = square + wave**2
    damped = spectrum * np.exp(-square * (math.pi * length) ** 2)
    field = np.fft.irfftn(damped, shape, axes=axes)
    found: Field = (field - field.mean()) / max(float(field.std()), 1e-300)
    return found


def points(shape: tuple[int, ...], spacing: float, rng: np.random.Generator) -> Field:
    """Points with about `spacing` between neighbours, `n x d`: a jittered grid.

    Random points would give cells of too many sizes, a grid equal ones.
    """
    counts = [max(round(n / spacing), 1) for n in shape]
    grid = np.stack(
        np.meshgrid(*(np.arange(c) for c in counts), indexing="ij"), axis=-1
    ).reshape(-1, len(shape))
    jitter = rng.uniform(0, 1, grid.shape)
    placed: Field = (grid + jitter) * (np.array(shape) / counts)
    placed %= np.array(shape)
    return placed


def distances(
    shape: tuple[int, ...], centres: Field, k: int
) -> tuple[Field, NDArray[np.int64]]:
    """Distances of each cell to its `k` nearest points, and which the nearest is.

    Returns arrays `(*shape) x k` and `(*shape)`; missing points are far away.
    """
    from scipy.spatial import cKDTree

    cells = np.indices(shape).reshape(len(shape), -1).T + 0.5
    tree = cKDTree(centres, boxsize=shape)
    found, which = tree.query(cells, k=range(1, k + 1))
    found = np.where(np.isfinite(found), found, max(shape))
    return found.reshape(*shape, k), which[:, 0].reshape(shape)


def take(score: Field, allowed: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """The `n` allowed cells with the highest score."""
    chosen = np.zeros(score.shape, dtype=np.bool_)
    where = np.flatnonzero(allowed)
    n = min(max(n, 0), len(where))
    if n:
        order = np.argpartition(score.ravel()[where], len(where) - n)[len(where) - n :]
        chosen.ravel()[where[order]] = True
    return chosen
