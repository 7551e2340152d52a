# mypy: allow-untyped-defs
"""Coarser graphs for the multigrid: what is well connected in a block becomes one node.

Aggregation-based algebraic multigrid [Notay2010], with blocks of the image instead of a
matching: two nodes are merged where they lie in one block and are joined by a strong
link. A block through which a thin wall passes gives two nodes, so that the coarse
problem leaks as little as the fine one.

[Notay2010] Notay, Electron. Trans. Numer. Anal. 37, 123 (2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.transport.grid import Field, Grid
from bigloop.simulators.transport.jit import kernel

Index = NDArray[np.int32]
STRONG = 0.1
"""A link is strong if it is this part of the strongest link of both its nodes."""
EDGE = {False: 4, True: 2}
"""Edge of the first blocks in 2-D and in 3-D, by what was fastest; then they double."""
COARSEST = 64
"""Number of nodes that are solved by a dense inverse."""
_STALLED = 0.7
"""Part of the nodes that may be left before a lower bar for strong links is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """All coarse graphs behind one another; nodes have one numbering over all levels.

    Row `i` has the links `pointer[i]` to `pointer[i + 1]`, those to lower numbers up to
    `middle[i]`. The last number is that of a node without links, for cells that do not
    conduct.
    """

    cells: Index
    """Node of each cell of the finest grid, flat without margins."""
    start: NDArray[np.int64]
    """First node of each level, and the end."""
    parent: Index
    pointer: NDArray[np.int64]
    middle: NDArray[np.int64]
    column: Index
    link: Field
    diagonal: Field
    dense: Field
    """Inverse of the coarsest operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    pointer: NDArray[np.int64]
    middle: NDArray[np.int64]
    column: Index
    link: Field
    leak: Field
    """Conductance to the two ends."""
    diagonal: Field
    block: NDArray[np.int64]
    """Block of each node."""
    blocks: tuple[int, int, int]


def coarsen(grid: Grid) -> Hierarchy:
    """All levels below a grid."""
    cells, graph = _first(grid)
    graphs, parents = [graph], []
    while graph.leak.size > COARSEST:
        parent, graph = _next(graph)
        parents.append(parent)
        graphs.append(graph)
    start = np.cumsum([0, *(g.leak.size for g in graphs)])
    links = np.cumsum([0, *(g.link.size for g in graphs)])
    pairs = list(zip(graphs, start[:-1], links[:-1], strict=True))
    parents = [p + s for p, s in zip(parents, start[1:], strict=False)]
    return Hierarchy(
        cells=np.where(cells < 0, start[-1], cells).astype(np.int32),
        start=start,
        parent=np.concatenate([*parents, [0]]).astype(np.int32),
        pointer=np.concatenate(
            [*(g.pointer[:-1] + k for g, _, k in pairs), links[-1:]]
        ),
        middle=np.concatenate([g.middle + k for g, _, k in pairs]),
        column=np.concatenate([g.column + s for g, s, _ in pairs]).astype(np.int32),
        link=np.concatenate([g.link for g in graphs]),
        diagonal=np.concatenate([g.diagonal for g in graphs]),
        dense=_inverse(graphs[-1]),
    )


def _first(grid: Grid) -> tuple[Index, _Graph]:
    faces = (grid.gx, grid.gy, grid.gz)
    edge = EDGE[grid.shape[0] > 1]
    n_z, n_y, n_x = (-(-n // edge) for n in grid.shape)
    cells, n = merge_cells(grid.shape, grid.margin, edge, *faces, grid.diagonal, STRONG)
    leak = (grid.inlet + grid.outlet)[grid.inner]
    pointer, column, link, leak, block = project_cells(
        grid.shape, grid.margin, edge, *faces, leak, cells, n
    )
    return cells, _graph(pointer, column, link, leak, block, (n_z, n_y, n_x))


def _next(graph: _Graph) -> tuple[Index, _Graph]:
    n_z, n_y, n_x = graph.blocks
    blocks = ((n_z + 1) // 2, (n_y + 1) // 2, (n_x + 1) // 2)
    above = block_above(graph.block, graph.blocks, blocks)
    # Narrow necks are let go before walls: a lower bar is tried only when it must be.
    for strong in (*(STRONG / 10**k for k in range(8)), 0.0):
        parent, n = merge_nodes(graph.pointer, graph.column, graph.link, above, strong)
        if n <= _STALLED * graph.leak.size:
            break
    pointer, column, link, leak, block = project_nodes(
        graph.pointer, graph.column, graph.link, graph.leak, above, parent, n
    )
    return parent, _graph(pointer, column, link, leak, block, blocks)


def _graph(
    pointer: NDArray[np.int64],
    column: Index,
    link: Field,
    leak: Field,
    block: NDArray[np.int64],
    blocks: tuple[int, int, int],
) -> _Graph:
    pointer, middle, column, link, diagonal = compress(pointer, column, link, leak)
    return _Graph(
        pointer=pointer,
        middle=middle,
        column=column,
        link=link,
        leak=leak,
        diagonal=diagonal,
        block=block,
        blocks=blocks,
    )


def _inverse(graph: _Graph) -> Field:
    matrix = np.diag(graph.diagonal)
    rows = np.repeat(np.arange(graph.leak.size), np.diff(graph.pointer))
    matrix[rows, graph.column] -= graph.link
    invert(matrix)
    return matrix


@kernel
def invert(a):
    """Invert a symmetric positive definite matrix in place, by Gauss and Jordan.

    Without pivots, which it does not need; here, because a threaded library takes
    longer to wake its threads.
    """
    n = a.shape[0]
    for k in range(n):
        pivot = 1.0 / a[k, k]
        a[k, k] = 1.0
        for j in range(n):
            a[k, j] *= pivot
        for i in range(n):
            if i != k and a[i, k] != 0.0:
                f = a[i, k]
                a[i, k] = 0.0
                for j in range(n):
                    a[i, j] -= f * a[k, j]


@kernel
def find(root, i):
    """Root of a node; halves the path to it."""
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


@kernel
def number(root, active):
    """Number the roots in order; -1 for what is not active."""
    n = 0
    names = np.full(root.size, -1, np.int32)
    for i in range(root.size):
        if active[i] > 0:
            r = find(root, i)
            if names[r] < 0:
                names[r] = n
                n += 1
            names[i] = names[r]
    return names, n


@kernel
def merge_cells(shape, margin, edge, gx, gy, gz, diagonal, strong):
    """Node of each cell, and how many there are."""
    n_z, n_y, n_x = shape
    sy, sz = n_x, n_x * n_y
    n = sz * n_z
    root = np.arange(n).astype(np.int32)
    top = np.empty(n)
    a0, a1, b0, b1 = gx[margin:], gx[margin + 1 :], gy[margin:], gy[margin + sy :]
    for p in range(n):
        top[p] = strong * max(max(a0[p], a1[p]), max(b0[p], b1[p]))
    if n_z > 1:
        c0, c1 = gz[margin:], gz[margin + sz :]
        for p in range(n):
            top[p] = max(top[p], strong * max(c0[p], c1[p]))
    for k in range(n_z):
        for j in range(n_y):
            for i in range(n_x):
                p = k * sz + j * sy + i
                g = gx[margin + p]
                if i % edge and g > 0 and g >= max(top[p], top[p - 1]):
                    root[find(root, p)] = find(root, p - 1)
                g = gy[margin + p]
                if j % edge and g > 0 and g >= max(top[p], top[p - sy]):
                    root[find(root, p)] = find(root, p - sy)
                if k % edge:
                    g = gz[margin + p]
                    if g > 0 and g >= max(top[p], top[p - sz]):
                        root[find(root, p)] = find(root, p - sz)
    return number(root, diagonal[margin : margin + n])


@kernel
def project_cells(shape, margin, edge, gx, gy, gz, leak, node, n):
    """Links between nodes, both ways and not yet summed; leaks; block of each node."""
    n_z, n_y, n_x = shape
    step = (1, n_x, n_x * n_y)
    count = np.zeros(n + 1, np.int64)
    leaks, block = np.zeros(n), np.zeros(n, np.int64)
    for axis in range(3 if n_z > 1 else 2):
        g = gx if axis == 0 else (gy if axis == 1 else gz)
        for p in range(step[axis], node.size):
            if g[margin + p] > 0:
                a, b = node[p], node[p - step[axis]]
                if a != b:
                    count[a + 1] += 1
                    count[b + 1] += 1
    pointer = np.cumsum(count)
    free = pointer[:-1].copy()
    column, link = np.empty(pointer[n], np.int32), np.empty(pointer[n])
    for axis in range(3 if n_z > 1 else 2):
        g = gx if axis == 0 else (gy if axis == 1 else gz)
        for p in range(step[axis], node.size):
            if g[margin + p] > 0:
                a, b = node[p], node[p - step[axis]]
                if a != b:
                    column[free[a]], link[free[a]] = b, g[margin + p]
                    column[free[b]], link[free[b]] = a, g[margin + p]
                    free[a] += 1
                    free[b] += 1
    across, up = -(-n_x // edge), -(-n_y // edge)
    for k in range(n_z):
        for j in range(n_y):
            row = ((k // edge) * up + j // edge) * across
            for i in range(n_x):
                a = node[(k * n_y + j) * n_x + i]
                if a >= 0:
                    block[a] = row + i // edge
    for p in range(node.size):
        if leak[p] > 0:
            leaks[node[p]] += leak[p]
    return pointer, column, link, leaks, block


@kernel
def block_above(block, blocks, coarser):
    """Block of twice the size in which each block lies."""
    _, n_y, n_x = blocks
    above = np.empty_like(block)
    for i in range(block.size):
        x, rest = block[i] % n_x, block[i] // n_x
        y, z = rest % n_y, rest // n_y
        above[i] = ((z // 2) * coarser[1] + y // 2) * coarser[2] + x // 2
    return above


@kernel
def merge_nodes(pointer, column, link, above, strong):
    """Parent of each node, and how many there are."""
    n = above.size
    root = np.arange(n).astype(np.int32)
    top = np.zeros(n)
    for i in range(n):
        for k in range(pointer[i], pointer[i + 1]):
            top[i] = max(top[i], strong * link[k])
    for i in range(n):
        for k in range(pointer[i], pointer[i + 1]):
            j = column[k]
            if j < i and above[i] == above[j] and link[k] >= max(top[i], top[j]):
                root[find(root, i)] = find(root, j)
    return number(root, np.ones(n))


@kernel
def project_nodes(pointer, column, link, leak, above, parent, n):
    """As `project_cells`, for a graph."""
    count = np.zeros(n + 1, np.int64)
    leaks, block = np.zeros(n), np.zeros(n, np.int64)
    for i in range(parent.size):
        leaks[parent[i]] += leak[i]
        block[parent[i]] = above[i]
        for k in range(pointer[i], pointer[i + 1]):
            if parent[column[k]] != parent[i]:
                count[parent[i] + 1] += 1
    total = np.cumsum(count)
    free = total[:-1].copy()
    columns, links = np.empty(total[n], np.int32), np.empty(total[n])
    for i in range(parent.size):
        a = parent[i]
        for k in range(pointer[i], pointer[i + 1]):
            if parent[column[k]] != a:
                columns[free[a]], links[free[a]] = parent[column[k]], link[k]
                free[a] += 1
    return total, columns, links, leaks, block


@kernel
def compress(pointer, column, link, leak):
    """Sum links between the same nodes; lower neighbours come first in a row."""
    n = leak.size
    place = np.full(n, -1, np.int64)
    rows, middle = np.empty(n + 1, np.int64), np.empty(n, np.int64)
    columns, links = np.empty(column.size, np.int32), np.empty(column.size)
    diagonal = leak.copy()
    m = 0
    for i in range(n):
        rows[i] = m
        for upper in range(2):
            for k in range(pointer[i], pointer[i + 1]):
                j = column[k]
                if (j > i) != (upper == 1):
                    continue
                diagonal[i] += link[k]
                if place[j] >= rows[i]:
                    links[place[j]] += link[k]
                else:
                    place[j] = m
                    columns[m], links[m] = j, link[k]
                    m += 1
            if upper == 0:
                middle[i] = m
    rows[n] = m
    return rows, middle, columns[:m].copy(), links[:m].copy(), diagonal
