# mypy: allow-untyped-defs
"""Loops over the finest grid, each of which goes through memory once.

The fields of an image are larger than the nearest caches, so that what is read costs
more than what is computed. A pass therefore does all its steps on one part of the
field before it turns to the next: step `k` follows one part behind step `k - 1`, and
finds in cache what that has left. A part is as long as the farthest neighbour is away,
or a multiple of it. Slices instead of offsets: only those are vectorised (5 times).
"""

from __future__ import annotations

import numpy as np

from bigloop.simulators.transport.jit import kernel

PART = 1024
"""Least number of cells of a part, so that starting its loops costs nothing."""


@kernel
def parts(margin, sy, sz, size):
    """Cells of a part, and how many parts there are."""
    far = max(sy, sz)
    length = far * max(1, PART // far)
    return length, (size - 2 * margin + length - 1) // length


@kernel
def reach(part, length, margin, size):
    """First cell of a part, and the end."""
    first = margin + part * length
    return first, min(first + length, size - margin)


@kernel
def neighbours(first, last, sy, sz, gx, gy, gz, x, near):
    """Set `near`, which has no margins, to the sum of `g x` over the neighbours."""
    a0, a1 = gx[first:last], gx[first + 1 : last + 1]
    b0, b1 = gy[first:last], gy[first + sy : last + sy]
    xa, xb = x[first - 1 : last - 1], x[first + 1 : last + 1]
    xc, xd = x[first - sy : last - sy], x[first + sy : last + sy]
    n = last - first
    if sz == 0:
        for i in range(n):
            near[i] = a0[i] * xa[i] + a1[i] * xb[i] + b0[i] * xc[i] + b1[i] * xd[i]
        return
    c0, c1 = gz[first:last], gz[first + sz : last + sz]
    xe, xf = x[first - sz : last - sz], x[first + sz : last + sz]
    for i in range(n):
        sides = a0[i] * xa[i] + a1[i] * xb[i] + b0[i] * xc[i] + b1[i] * xd[i]
        near[i] = sides + c0[i] * xe[i] + c1[i] * xf[i]


@kernel
def smooth(first, last, w, inverse, b, near, x, y):
    """Set `y = x + w (b - A x) / diagonal`; `near` is of `x`."""
    v, f, x0, y0 = inverse[first:last], b[first:last], x[first:last], y[first:last]
    for i in range(last - first):
        y0[i] = (1 - w) * x0[i] + w * v[i] * (f[i] + near[i])


@kernel
def residual(margin, sy, sz, gx, gy, gz, diagonal, b, x, r):
    """Set `r = b - A x`."""
    first, last = margin, x.size - margin
    d, f, x0, r0 = diagonal[first:last], b[first:last], x[first:last], r[first:last]
    neighbours(first, last, sy, sz, gx, gy, gz, x, r0)
    for i in range(last - first):
        r0[i] += f[i] - d[i] * x0[i]


@kernel
def descend(
    margin, sy, sz, gx, gy, gz, diagonal, inverse, steps, node, n, b, x, y, coarse
):
    """Two smoothing steps from zero, in `x`; what they leave of `b`, summed by node.

    What was in `y` is lost.
    """
    length, count = parts(margin, sy, sz, x.size)
    near = np.empty(length)
    coarse[:n] = 0.0
    for part in range(count + 2):
        if part < count:
            first, last = reach(part, length, margin, x.size)
            v, f, y0 = inverse[first:last], b[first:last], y[first:last]
            for i in range(last - first):
                y0[i] = steps[0] * v[i] * f[i]
        if 0 < part <= count:
            first, last = reach(part - 1, length, margin, x.size)
            neighbours(first, last, sy, sz, gx, gy, gz, y, near)
            smooth(first, last, steps[1], inverse, b, near, y, x)
        if part > 1:
            first, last = reach(part - 2, length, margin, x.size)
            neighbours(first, last, sy, sz, gx, gy, gz, x, near)
            d, f, x0 = diagonal[first:last], b[first:last], x[first:last]
            for i in range(last - first):
                near[i] += f[i] - d[i] * x0[i]
            restrict(node[first - margin : last - margin], near, coarse)


@kernel
def restrict(node, residual, coarse):
    """Add the residual to that of the nodes."""
    # Cells of one node come in runs: their sum stays in a register.
    here, s = node[0], 0.0
    for i in range(node.size):
        if node[i] != here:
            coarse[here] += s
            here, s = node[i], 0.0
        s += residual[i]
    coarse[here] += s


@kernel
def ascend(margin, sy, sz, gx, gy, gz, inverse, steps, node, coarse, b, q, x, y):
    """Add to `x` the values of the nodes, and smooth it as before, in reverse order.

    Returns the products of `x` with `b` and `q`; what was in `y` is lost.
    """
    length, count = parts(margin, sy, sz, x.size)
    near = np.empty(length)
    slope = back = 0.0
    for part in range(count + 2):
        if part < count:
            first, last = reach(part, length, margin, x.size)
            for i in range(first, last):
                x[i] += coarse[node[i - margin]]
        if 0 < part <= count:
            first, last = reach(part - 1, length, margin, x.size)
            neighbours(first, last, sy, sz, gx, gy, gz, x, near)
            smooth(first, last, steps[1], inverse, b, near, x, y)
        if part > 1:
            first, last = reach(part - 2, length, margin, x.size)
            neighbours(first, last, sy, sz, gx, gy, gz, y, near)
            smooth(first, last, steps[0], inverse, b, near, y, x)
            f, q0, x0 = b[first:last], q[first:last], x[first:last]
            for i in range(last - first):
                slope += f[i] * x0[i]
                back += q0[i] * x0[i]
    return slope, back


@kernel
def search(margin, sy, sz, gx, gy, gz, diagonal, beta, r, z, p, q):
    """Set `p = z + beta p` and `q = A p`; returns the products of `p` with `q`, `r`."""
    length, count = parts(margin, sy, sz, p.size)
    near = np.empty(length)
    scale = along = 0.0
    for part in range(count + 1):
        if part < count:
            first, last = reach(part, length, margin, p.size)
            z0, p0 = z[first:last], p[first:last]
            for i in range(last - first):
                p0[i] = z0[i] + beta * p0[i]
        if part > 0:
            first, last = reach(part - 1, length, margin, p.size)
            neighbours(first, last, sy, sz, gx, gy, gz, p, near)
            d, f, p0, q0 = (
                diagonal[first:last],
                r[first:last],
                p[first:last],
                q[first:last],
            )
            for i in range(last - first):
                q0[i] = d[i] * p0[i] - near[i]
                scale += p0[i] * q0[i]
                along += f[i] * p0[i]
    return scale, along


@kernel
def move(alpha, p, q, x, r):
    """Set `x += alpha p` and `r -= alpha q`; returns the sum of `r`."""
    total = 0.0
    for i in range(x.size):
        x[i] += alpha * p[i]
        r[i] -= alpha * q[i]
        total += r[i]
    return total


@kernel
def moments(x):
    """Sum of the squares, and sum."""
    square = total = 0.0
    for i in range(x.size):
        square += x[i] * x[i]
        total += x[i]
    return square, total


@kernel
def dissipation(margin, sy, sz, gx, gy, gz, inlet, outlet, x):
    """Power lost in the faces and the half cells at the ends, at potentials 1 and 0."""
    n = x.size - 2 * margin
    g, h, x0 = gx[margin:], gy[margin:], x[margin:]
    xa, xb = x[margin - 1 :], x[margin - sy :]
    first, last = inlet[margin:], outlet[margin:]
    total = 0.0
    for i in range(n):
        a, b, c = x0[i] - xa[i], x0[i] - xb[i], 1 - x0[i]
        faces = g[i] * a * a + h[i] * b * b
        total += faces + first[i] * c * c + last[i] * x0[i] * x0[i]
    if sz > 0:
        k, xc = gz[margin:], x[margin - sz :]
        for i in range(n):
            total += k[i] * (x0[i] - xc[i]) * (x0[i] - xc[i])
    return total
