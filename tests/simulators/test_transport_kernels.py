"""The pieces of the compiled solver against dense and slow ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, sparse

from bigloop.simulators.transport import clusters, passes, skyline, tortuosity
from bigloop.simulators.transport.grid import assemble
from bigloop.simulators.transport.medium import medium


@pytest.mark.parametrize("shape", [(1, 40, 31), (7, 12, 9), (1, 2, 2)])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 1.0])
def test_clusters_are_those_of_a_slower_search(
    shape: tuple[int, int, int], part: float
) -> None:
    image = (np.random.default_rng(0).random(shape) < part).astype(np.uint8)
    bits = clusters.conducting(image, np.array([False, True]))
    found, first = clusters.label(bits, shape[2], shape[1] * shape[2])
    labels, n = ndimage.label(image)
    assert first.size == n
    # Both number clusters by their first cells.
    assert (found == labels.reshape(-1) - 1).all()
    assert (first == [np.flatnonzero(found == i)[0] for i in range(n)]).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_direct_solution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    links = sparse.random(40, 40, 0.1, "csr", rng=rng)
    links = sparse.csr_array(sparse.triu(links, 1) + sparse.triu(links, 1).T)
    diagonal = np.asarray(links.sum(axis=1)) + 1e-3 * rng.random(40)
    graph = (links.indptr.astype(np.int64), links.indices, links.data, diagonal)
    b, x = rng.standard_normal(40), np.empty(40)
    skyline.solve(*skyline.factor(*graph), b, x)
    assert np.diag(diagonal) @ x - links @ x == pytest.approx(b, abs=1e-9)


@pytest.mark.parametrize("shape", [(60, 50), (9, 40, 40)])
def test_a_pass_in_parts_is_the_same_as_steps_one_by_one(
    shape: tuple[int, ...],
) -> None:
    """`search`, whose second step follows the first part by part."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 3, shape)
    made = medium(image, {0: 1.0, 1: 0.1, 2: 3.0})
    grid = assemble(made.phases, made.table)
    r, z, p, q, expected = (grid.zeros() for _ in range(5))
    for field in (r, z, p):
        field[grid.inner] = rng.standard_normal(image.size)
    direction = z + 0.3 * p
    passes.residual(*grid.stencil, grid.diagonal, grid.zeros(), direction, expected)
    scale, along = passes.search(*grid.stencil, grid.diagonal, 0.3, r, z, p, q)
    assert p == pytest.approx(direction, abs=1e-12)
    assert q == pytest.approx(-expected, abs=1e-12)
    assert scale == pytest.approx(p @ q)
    assert along == pytest.approx(r @ p)


def test_many_paths_that_never_meet() -> None:
    image = np.zeros((20, 400), dtype=int)
    image[:, ::2] = 1
    result = tortuosity(image, 1)
    assert result.converged
    assert result.conductivity == pytest.approx(0.5, rel=1e-9)
