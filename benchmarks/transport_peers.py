"""Conduction by others: sparse matrices, pyamg, taufactor. Used by `transport`."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from bigloop.simulators.transport.medium import medium

Image = NDArray[np.integer]
Field = NDArray[np.float64]


def system(image: Image, sigma: dict[int, float]) -> tuple[Any, Field]:
    """The same equations as a sparse matrix, without what does not conduct."""
    made = medium(image, sigma)
    phases, table = made.phases, made.table
    number = np.arange(phases.size).reshape(phases.shape)
    rows, columns, links = [], [], []
    for axis in range(3):
        n = phases.shape[axis]
        a, b = phases.take(range(1, n), axis), phases.take(range(n - 1), axis)
        links.append(table[a, b].ravel())
        rows.append(number.take(range(1, n), axis).ravel())
        columns.append(number.take(range(n - 1), axis).ravel())
    g, i, j = (np.concatenate(x) for x in (links, rows, columns))
    i, j, g = i[g > 0], j[g > 0], g[g > 0]
    along = 0 if phases.shape[0] > 1 else 1
    ends = np.zeros(phases.shape)
    first = [slice(None)] * 3
    first[along] = slice(0, 1)
    last = list(first)
    last[along] = slice(-1, None)
    half = 2 * np.diag(table)[phases]
    ends[tuple(first)] = half[tuple(first)]
    inlet = ends.ravel().copy()
    ends[tuple(last)] += half[tuple(last)]
    half_matrix = sparse.coo_matrix((-g, (i, j)), (phases.size,) * 2)
    matrix = (half_matrix + half_matrix.T).tocsr()
    total = ends.ravel() - np.asarray(matrix.sum(axis=1)).ravel()
    matrix = (matrix + sparse.diags(total)).tocsr()
    live = np.flatnonzero(total > 0)
    return matrix[live][:, live], inlet[live]


def conductance(image: Image, b: Field, x: Field) -> float:
    n = image.shape[0]
    return float(b @ (1 - x)) * float(n * n / image.size)


def by_spsolve(image: Image, sigma: dict[int, float]) -> float:
    a, b = system(image, sigma)
    return conductance(image, b, spsolve(a.tocsc(), b))


def by_pyamg(image: Image, sigma: dict[int, float]) -> float:
    import pyamg

    a, b = system(image, sigma)
    solver = pyamg.ruge_stuben_solver(a)
    return conductance(image, b, solver.solve(b, tol=1e-6, accel="cg"))


def by_taufactor(image: Image) -> float:
    """Its own criterion: fluxes of all layers within 1 %; conductivity 1 in phase 1."""
    import taufactor

    with contextlib.redirect_stdout(io.StringIO()):
        solver = taufactor.Solver(image, device="cpu")
        solver.solve(verbose=False, iter_limit=20_000)
    return float(np.atleast_1d(solver.D_eff)[0])
