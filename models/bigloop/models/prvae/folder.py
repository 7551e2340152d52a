"""The folder that `bigloop dataset sei` writes, as rows to learn from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.models.prvae.data import (
    BARRIERS,
    SeiData,
    of_arrays,
    volume_fraction,
)
from bigloop.models.prvae.settings import PROPERTIES

_KIND = "sei-kmc dataset"


def read_folder(folder: Path, properties: Sequence[str] = PROPERTIES) -> SeiData:
    """Rows of every shard that is there, in the order of the runs.

    A data set that is still being made gives the shards it has; one that is complete
    must have all of them with their SHA-256.

    Args:
        folder: what `bigloop dataset sei --out` named.
        properties: columns to learn, or `volume_fraction`.

    Raises:
        SpecError: no such data set, a shard that is missing or damaged, or a property
            that it does not have.
    """
    manifest = _manifest(folder)
    shards = sorted((folder / "lattices").glob("shard-*.npz"))
    if not shards:
        raise SpecError(f"{folder}: no shard yet; run `bigloop dataset sei` on")
    if manifest.get("complete"):
        _check_sums(folder, manifest)
    columns: dict[str, list[NDArray[Any]]] = {}
    for shard in shards:
        with _open(shard) as stored:
            for name in stored.files:
                columns.setdefault(name, []).append(stored[name])
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    return of_arrays(
        table["lattice"],
        np.stack([table[name] for name in BARRIERS], axis=1),
        np.stack([_property(table, name, folder) for name in properties], axis=1),
        names=properties,
    )


def data_hash(data: SeiData) -> str:
    """SHA-256 of everything in the rows, in hex."""
    digest = hashlib.sha256("\n".join(data.names).encode())
    for array in (
        data.pictures,
        data.barriers,
        data.properties,
        data.has_barriers,
        data.has_properties,
    ):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["kind"] == _KIND:
            return dict(found)
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise SpecError(
        f"{folder}: no data set of SEI runs; make one with `bigloop dataset sei`"
    )


def _check_sums(folder: Path, manifest: dict[str, Any]) -> None:
    for name, expected in manifest["sha256"].items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
        if found != expected:
            raise SpecError(
                f"{path}: {'damaged' if found else 'missing'}; delete it and run "
                "`bigloop dataset sei` again"
            )


def _open(shard: Path) -> Any:
    try:
        return np.load(shard, allow_pickle=False)
    except (OSError, ValueError):
        raise SpecError(f"{shard}: damaged; delete it and make it again") from None


def _property(
    table: dict[str, NDArray[Any]], name: str, folder: Path
) -> NDArray[np.float64]:
    if name == "volume_fraction":
        return volume_fraction(table["lattice"])
    if name not in table or table[name].ndim != 1 or table[name].dtype.kind not in "fi":
        having = sorted(
            key
            for key, values in table.items()
            if values.ndim == 1 and values.dtype.kind == "f" and key not in BARRIERS
        )
        raise SpecError(
            f"properties: {name!r} is not in {folder}; there are volume_fraction, "
            f"{', '.join(having)}"
        )
    return np.asarray(table[name], dtype=np.float64)
