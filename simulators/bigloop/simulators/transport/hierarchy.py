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

from bigloop.simulators.transport.clusters import (
    ACTIVE,
    ALONG_X,
    ALONG_Y,
    ALONG_Z,
    find,
    label,
)
from bigloop.simulators.transport.grid import Field, Grid
from bigloop.simulators.transport.jit import kernel
from bigloop.simulators.transport.skyline import factor, work

Index = NDArray[np.int32]
STRONG = 0.1
"""A link is strong if it is this part of the strongest link of both its nodes."""
EDGE = {False: 4, True: 2}
"""Edge of the first blocks in 2-D and in 3-D, by what was fastest; then they double."""
DIRECT = 1_200_000
"""Multiplications that may be spent on the factors of the coarsest graph."""
_STALLED = 0.7
"""Part of the nodes that may be left before a lower bar for strong links is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """All coarse graphs behind one another; nodes have one numbering over all levels.

    Row `i` has the links `pointer[i]` to `pointer[i + 1]`, those to lower numbers up to
    `middle[i]`.
    """

    cells: Index
    """Node of each cell of the finest grid, flat without margins; -1, the last of any
    vector, for cells that do not conduct."""
    start: NDArray[np.int64]
    """First node of each level, and the end."""
    parent: Index
    pointer: NDArray[np.int64]
    middle: NDArray[np.int64]
    column: Index
    link: Field
    diagonal: Field
    factors: tuple[NDArray[np.int64], Field, Field]
    """Of the coarsest operator, by `skyline.factor`."""


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
    while work(graph.pointer, graph.column) > DIRECT:
        parent, graph = _next(graph)
        parents.append(parent)
        graphs.append(graph)
    start = np.cumsum([0, *(g.leak.size for g in graphs)])
    links = np.cumsum([0, *(g.link.size for g in graphs)])
    pairs = list(zip(graphs, start[:-1], links[:-1], strict=True))
    parents = [p + s for p, s in zip(parents, start[1:], strict=False)]
    return Hierarchy(
        cells=cells,
        start=start,
        parent=np.concatenate([*parents, [0]]).astype(np.int32),
        pointer=np.concatenate(
            [*(g.pointer[:-1] + k for g, _, k in pairs), links[-1:]]
        ),
        middle=np.concatenate([g.middle + k for g, _, k in pairs]),
        column=np.concatenate([g.column + s for g, s, _ in pairs]).astype(np.int32),
        link=np.concatenate([g.link for g in graphs]),
        diagonal=np.concatenate([g.diagonal for g in graphs]),
        factors=factor(graph.pointer, graph.column, graph.link, graph.diagonal),
    )


def _first(grid: Grid) -> tuple[Index, _Graph]:
    faces = (grid.gx, grid.gy, grid.gz)
    n_z, n_y, n_x = grid.shape
    edge = EDGE[n_z > 1]
    bits = strong_links(grid.shape, grid.margin, edge, *faces, grid.diagonal, STRONG)
    cells, first = label(bits, n_x, n_x * n_y)
    one, other, link = boundaries(grid.shape, grid.margin, *faces, cells)
    pointer, column, link = rows(first.size, one, other, link)
    leak, block = gather(
        grid.shape, grid.margin, edge, grid.inlet, grid.outlet, cells, first
    )
    blocks = (-(-n_z // edge), -(-n_y // edge), -(-n_x // edge))
    return cells, _graph(pointer, column, link, leak, block, blocks)


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


@kernel
def number(root):
    """Number the roots in order; name of each node, and how many there are."""
    n = 0
    names = np.full(root.size, -1, np.int32)
    for i in range(root.size):
        r = find(root, i)
        if names[r] < 0:
            names[r] = n
            n += 1
        names[i] = names[r]
    return names, n


@kernel
def strong_links(shape, margin, edge, gx, gy, gz, conducts, strong):
    """Bits for `label`: strong links that do not leave a block."""
    n_z, n_y, n_x = shape
    sz, n = n_x * n_y if n_z > 1 else 0, gx.size - 2 * margin
    top, bits = np.zeros(gx.size), np.empty(n, np.uint8)
    t, d = top[margin:], conducts[margin:]
    a0, a1, b0, b1 = gx[margin:], gx[margin + 1 :], gy[margin:], gy[margin + n_x :]
    c0, c1 = (gz[margin:], gz[margin + sz :]) if n_z > 1 else (gx, gx)
    for p in range(n):
        t[p] = strong * max(max(a0[p], a1[p]), max(b0[p], b1[p]))
        bits[p] = ACTIVE if d[p] > 0 else 0
    if n_z > 1:
        for p in range(n):
            t[p] = max(t[p], strong * max(c0[p], c1[p]))
    for line in range(n_z * n_y):
        row = line * n_x
        mark(row, n_x, ALONG_X, margin, 1, gx, top, bits)
        for p in range(row, row + n_x, edge):
            bits[p] &= ACTIVE
        if line % n_y % edge:
            mark(row, n_x, ALONG_Y, margin, n_x, gy, top, bits)
        if line // n_y % edge:
            mark(row, n_x, ALONG_Z, margin, sz, gz, top, bits)
    return bits


@kernel
def mark(row, n, bit, margin, step, g, top, bits):
    """Set a bit of those cells of a row whose link to the cell before is strong."""
    p = margin + row
    link, here, before = g[p : p + n], top[p : p + n], top[p - step : p - step + n]
    found = bits[row : row + n]
    for i in range(n):
        strong = (link[i] > 0) & (link[i] >= here[i]) & (link[i] >= before[i])
        found[i] |= bit if strong else 0


@kernel
def boundaries(shape, margin, gx, gy, gz, node):
    """Links between different nodes: both nodes, and conductance; not yet summed."""
    n_z, n_y, n_x = shape
    size = 3 * node.size
    one, other = np.empty(size, np.int32), np.empty(size, np.int32)
    link = np.empty(size)
    m = -1
    here, there = -1, -1
    for axis in range(3 if n_z > 1 else 2):
        g = gx if axis == 0 else (gy if axis == 1 else gz)
        step = 1 if axis == 0 else (n_x if axis == 1 else n_x * n_y)
        for p in range(step, node.size):
            a, b = node[p], node[p - step]
            if a != b and g[margin + p] > 0:
                # Links along one border come in runs.
                if a != here or b != there:
                    m += 1
                    one[m], other[m], link[m] = a, b, 0.0
                    here, there = a, b
                link[m] += g[margin + p]
    return one[: m + 1], other[: m + 1], link[: m + 1]


@kernel
def rows(n, one, other, weight):
    """Links both ways, row by row."""
    count = np.zeros(n + 1, np.int64)
    for k in range(one.size):
        count[one[k] + 1] += 1
        count[other[k] + 1] += 1
    pointer = np.cumsum(count)
    free = pointer[:-1].copy()
    column, link = np.empty(pointer[n], np.int32), np.empty(pointer[n])
    for k in range(one.size):
        a, b = one[k], other[k]
        column[free[a]], link[free[a]] = b, weight[k]
        column[free[b]], link[free[b]] = a, weight[k]
        free[a] += 1
        free[b] += 1
    return pointer, column, link


@kernel
def gather(shape, margin, edge, inlet, outlet, node, first):
    """Conductance of each node to the two ends, and its block."""
    n_z, n_y, n_x = shape
    leaks, block = np.zeros(first.size), np.empty(first.size, np.int64)
    layer = n_x * n_y if n_z > 1 else n_x
    for i in range(layer):
        p, q = margin + i, margin + node.size - layer + i
        if inlet[p] > 0:
            leaks[node[i]] += inlet[p]
        if outlet[q] > 0:
            leaks[node[q - margin]] += outlet[q]
    up, across = -(-n_y // edge), -(-n_x // edge)
    for i in range(first.size):
        line, x = first[i] // n_x, first[i] % n_x
        z, y = line // n_y, line % n_y
        block[i] = (z // edge * up + y // edge) * across + x // edge
    return leaks, block


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
    return number(root)


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
