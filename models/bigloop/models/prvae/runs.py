"""Runs of a campaign as rows to learn from: the lattices that they handed in."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError, TrainingRow
from bigloop.models.prvae.data import BARRIERS, SeiData, of_arrays, volume_fraction

LATTICE = "lattice.npz"
"""The file that `sei-kmc` hands in: `lattice` and, by name, barriers and properties."""


def with_lattice(
    rows: Sequence[TrainingRow], files: Mapping[str, bytes]
) -> list[TrainingRow]:
    """The runs whose lattice is at hand."""
    return [row for row in rows if row.files.get(LATTICE) in files]


def data_of_runs(
    rows: Sequence[TrainingRow], files: Mapping[str, bytes], names: Sequence[str]
) -> SeiData:
    """The lattices of runs, with their barriers and properties.

    Args:
        rows: that have a lattice.
        files: contents by SHA-256.
        names: of the properties, or `volume_fraction`.

    Raises:
        SpecError: a file is damaged, lacks a property, or lattices differ in shape.
    """
    found = [_arrays(row, files[row.files[LATTICE]]) for row in rows]
    shapes = {arrays["lattice"].shape for arrays in found}
    if len(shapes) != 1:
        raise SpecError(
            f"lattices of {len(shapes)} shapes {sorted(shapes)}: name sources of one "
            "shape in learns.sources"
        )
    stack = np.stack([arrays["lattice"] for arrays in found])
    return of_arrays(
        stack,
        np.array([[_value(a, name) for name in BARRIERS] for a in found]),
        np.array([[_property(a, name) for name in names] for a in found]),
        names=names,
    )


def _arrays(row: TrainingRow, content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
        if found["lattice"].ndim == 2:
            return found
    except Exception:
        pass
    raise SpecError(
        f"{LATTICE} of trial {row.trial}: it cannot be read; restore the artifacts"
    )


def _value(arrays: Mapping[str, NDArray[Any]], name: str) -> float:
    if name not in arrays or arrays[name].ndim or arrays[name].dtype.kind not in "fiu":
        having = sorted(k for k, v in arrays.items() if not v.ndim)
        raise SpecError(
            f"properties: {name!r} is not in {LATTICE}; there are volume_fraction, "
            f"{', '.join(having)}"
        )
    return float(arrays[name])


def _property(arrays: Mapping[str, NDArray[Any]], name: str) -> float:
    if name == "volume_fraction":
        return float(volume_fraction(arrays["lattice"][None])[0])
    return _value(arrays, name)
