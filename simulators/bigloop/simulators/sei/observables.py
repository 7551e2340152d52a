"""Observables of snapshots, with the published definitions, over many at once.

`lattices` is `(n) x rows x columns` or `rows x columns`, codes of `Species`. A layer is
one row, 1 nm. All but the counts are floats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.sei.model import Species

Floats = NDArray[np.float64]

UNITS: dict[str, str] = {
    "flux": "",
    "in_flux": "",
    "or_flux": "",
    "density": "",
    "thickness": "nanometer",
    "in_thickness": "nanometer",
    "or_thickness": "nanometer",
    "porosity": "",
    "newpor": "",
    "n_solvent": "",
    "n_radical": "",
    "n_inorganic": "",
    "n_monomer": "",
    "n_pair": "",
    "n_cluster": "",
}
"""Unit of each observable, in the order in which `measure` gives them."""


def measure(lattices: ArrayLike) -> dict[str, Floats]:
    """All observables by name; each has one value a snapshot.

    `flux`, `in_flux`, `or_flux`: sites of the SEI, of Li2CO3, of clusters, per column
    (monolayers); `density`: sites of the SEI over all sites; `thickness`: mean over the
    columns of the highest row of the SEI, `in_thickness` of Li2CO3 alone,
    `or_thickness` their difference [nm]. Porosities: see `porosity` and `newpor`.

    Raises:
        SpecError: not lattices of codes 0 to 7.
    """
    stack = _stack(lattices)
    inorganic = stack == Species.INORGANIC
    sei = inorganic | (stack == Species.CLUSTER)
    rows, columns = stack.shape[1:]
    height = _mean_top(sei)
    inner = _mean_top(inorganic)
    values = {
        "flux": sei.sum((1, 2)) / columns,
        "in_flux": inorganic.sum((1, 2)) / columns,
        "or_flux": (sei & ~inorganic).sum((1, 2)) / columns,
        "density": sei.sum((1, 2)) / (rows * columns),
        "thickness": height,
        "in_thickness": inner,
        "or_thickness": height - inner,
        "porosity": porosity(stack),
        "newpor": newpor(stack),
    }
    for name in UNITS:
        if name.startswith("n_"):
            code = Species[name[2:].upper()]
            values[name] = (stack == code).sum((1, 2)).astype(float)
    return values


def porosity(lattices: ArrayLike) -> Floats:
    """Porosity of the first version: sites that are not SEI below the flux.

    Of the lowest `int(flux) + 1` rows, the electrode's among them, which never is SEI:
    therefore it cannot fall below 1 over the number of rows.
    """
    stack = _stack(lattices)
    sei = _is_sei(stack)
    columns = stack.shape[2]
    # Whole numbers: a flux of 3 layers exactly must not become 2.999...
    height = sei.sum((1, 2)) // columns + 1
    empty = _empty(~sei, height.astype(float))
    return np.asarray(empty / (height * columns))


def newpor(lattices: ArrayLike) -> Floats:
    """Porosity of the second version: empty sites in the lower half of the SEI.

    Sites that are not SEI, in rows `r` with `1 <= r < thickness/2` above the electrode,
    over `columns * thickness / 2`; 0 when there is no SEI.
    """
    stack = _stack(lattices)
    sei = _is_sei(stack)
    half = _mean_top(sei) / 2
    empty = ~sei
    empty[:, 0] = False
    with np.errstate(invalid="ignore"):
        values = _empty(empty, half) / (half * stack.shape[2])
    return np.where(half > 0, values, 0.0)


def _stack(lattices: ArrayLike) -> NDArray[np.uint8]:
    stack = np.asarray(lattices)
    if stack.ndim == 2:
        stack = stack[None]
    if stack.ndim != 3 or stack.shape[1] < 3 or stack.shape[2] < 1:
        raise SpecError(
            f"lattices: shape {stack.shape}: give rows x columns, or a stack of them"
        )
    if stack.dtype.kind not in "iu" or (
        stack.size and not 0 <= stack.min() <= stack.max() <= 7
    ):
        raise SpecError("lattices: not all codes are whole numbers from 0 to 7")
    return stack.astype(np.uint8, copy=False)


def _is_sei(stack: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.isin(stack, (Species.INORGANIC, Species.CLUSTER))


def _mean_top(sites: NDArray[np.bool_]) -> Floats:
    """Mean over the columns of the highest row that is set, 0 where none is."""
    row = np.arange(sites.shape[1])[:, None]
    return np.asarray(np.where(sites, row, 0).max(axis=1).mean(axis=1))


def _empty(sites: NDArray[np.bool_], below: Floats) -> Floats:
    """Number of sites that are set in the rows `r < below`."""
    is_low = np.arange(sites.shape[1]) < below[:, None]
    return np.asarray((sites.sum(axis=2) * is_low).sum(axis=1), dtype=float)
