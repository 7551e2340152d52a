"""A data set of SEI runs over a Latin hypercube of barriers, in shards.

Every shard follows from the settings alone, and is written under another name and then
renamed: whatever interrupts the making, the same folder goes on, and the same bits come
out. `manifest.json` holds the settings and, at the end, the SHA-256 of every file.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.sei.barriers import (
    BOX_HALF_RANGE,
    NAMES,
    TEMPERATURE_K,
    Barriers,
    box,
)
from bigloop.simulators.sei.model import check_shape, rules
from bigloop.simulators.sei.observables import UNITS, measure

MANIFEST, TABLE = "manifest.json", "runs.parquet"
FORMAT = 2
"""Rises when the same settings no longer give the same bits: folders are not mixed."""
_HYPERCUBE = 1
"""Part of the seed of the barriers, which have stayed the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a data set is made of; it decides every bit.

    Raises:
        SpecError: a setting cannot be.
    """

    n: int
    """Runs."""
    seed: int = 0
    version: str = "v1"
    """Of the rules."""
    rows: int = 50
    columns: int = 50
    temperature_K: float = TEMPERATURE_K
    half_range: float = BOX_HALF_RANGE
    max_events: int = 2_000_000
    """Where a run stops that does not exhaust itself."""
    shard: int = 50
    """Runs in one file."""

    def __post_init__(self) -> None:
        """Refuse what makes no data set."""
        rules(self.version)
        check_shape((self.rows, self.columns))
        box(self.half_range)
        Barriers().rates(self.temperature_K)
        for name, value, least in (
            ("n", self.n, 1),
            ("shard", self.shard, 1),
            ("max_events", self.max_events, 1),
            ("seed", self.seed, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SpecError(
                    f"{name}: {value!r}: give a whole number, {least} or more"
                )

    @property
    def n_shards(self) -> int:
        """Files of lattices."""
        return -(-self.n // self.shard)

    def rows_of(self, shard: int) -> range:
        """Numbers of the runs in a shard."""
        return range(shard * self.shard, min(self.n, (shard + 1) * self.shard))


def hypercube(settings: Settings) -> NDArray[np.float64]:
    """Barriers of all runs, `n x 15`, a Latin hypercube in the box [eV]."""
    from scipy.stats import qmc

    generator = np.random.default_rng([settings.seed, _HYPERCUBE])
    unit = qmc.LatinHypercube(d=len(NAMES), rng=generator).random(settings.n)
    low, high = box(settings.half_range).T
    return np.asarray(low + (high - low) * unit)


def run_seed(settings: Settings, row: int) -> int:
    """Seed of one run: follows from the data set's and the run's number."""
    words = np.random.SeedSequence([settings.seed, row]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def make_shard(settings: Settings, folder: Path, shard: int) -> int:
    """Run and write one shard; returns its number of events. Safe to repeat."""
    rows = settings.rows_of(shard)
    barriers = hypercube(settings)[rows.start : rows.stop]
    columns = _run_all(settings, rows, barriers)
    path = shard_path(folder, shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    save: Any = np.savez_compressed
    _write(path, lambda file: save(file, **columns))
    return int(columns["n_events"].sum())


def _run_all(
    settings: Settings, rows: range, barriers: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    from bigloop.simulators.sei.growth import Growth

    shape, shots, seeds = (settings.rows, settings.columns), [], []
    for row, values in zip(rows, barriers, strict=True):
        seeds.append(run_seed(settings, row))
        growth = Growth(
            Barriers.of(values.tolist()),
            settings.version,
            shape,
            seed=seeds[-1],
            temperature_K=settings.temperature_K,
        )
        shots.append(growth.run(events=settings.max_events))
    lattices = np.stack([shot.lattice for shot in shots])
    return {
        "lattice": lattices,
        "run": np.array(rows),
        "seed": np.array(seeds, dtype=np.int64),
        **{name: barriers[:, i] for i, name in enumerate(NAMES)},
        **measure(lattices),
        "time_s": np.array([shot.time_s for shot in shots]),
        "n_events": np.array([shot.n_events for shot in shots]),
        "end": np.array([str(shot.end) for shot in shots]),
    }


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard is kept."""
    return folder / "lattices" / f"shard-{shard:05d}.npz"


def begin(settings: Settings, folder: Path) -> list[int]:
    """Prepare or take up a folder; the shards that are still to be made.

    Raises:
        SpecError: the folder holds another data set, or something else.
    """
    found = read_manifest(folder)
    wanted = _settings_document(settings)
    if found is None:
        if folder.exists() and any(folder.iterdir()):
            raise SpecError(f"{folder}: not empty and no data set; give another folder")
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / MANIFEST, {**wanted, "complete": False})
    elif found != {**found, **wanted}:
        _refuse(folder, {**found, **found.get("settings", {})}, settings)
    return [
        shard
        for shard in range(settings.n_shards)
        if not shard_path(folder, shard).exists()
    ]


def _refuse(folder: Path, found: dict[str, Any], settings: Settings) -> None:
    wanted = {**_settings_document(settings), **asdict(settings)}
    del wanted["settings"]
    name = next(name for name in wanted if found.get(name) != wanted[name])
    raise SpecError(
        f"{folder}: holds a data set with {name} = {found.get(name)!r}, asked for "
        f"{wanted[name]!r}; give its settings or another folder"
    )


def finish(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write the table and the manifest with the checksums; returns the manifest."""
    columns: dict[str, list[NDArray[Any]]] = {}
    for shard in range(settings.n_shards):
        with np.load(shard_path(folder, shard), allow_pickle=False) as stored:
            for name in stored.files:
                if name != "lattice":
                    columns.setdefault(name, []).append(stored[name])
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: np.concatenate(parts) for name, parts in columns.items()})
    _write(folder / TABLE, lambda file: pq.write_table(table, file))
    shards = [shard_path(folder, shard) for shard in range(settings.n_shards)]
    manifest = {
        **_settings_document(settings),
        "complete": True,
        "units": {**UNITS, "time_s": "second", **dict.fromkeys(NAMES, "electron_volt")},
        "ends": {
            str(end): int(count)
            for end, count in zip(
                *np.unique(np.concatenate(columns["end"]), return_counts=True),
                strict=True,
            )
        },
        "sha256": {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in [folder / TABLE, *shards]
        },
    }
    _write_json(folder / MANIFEST, manifest)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; none where there is none.

    Raises:
        SpecError: it cannot be read.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found
    except (ValueError, AssertionError):
        raise SpecError(f"{path}: no JSON object; give another folder") from None


def _settings_document(settings: Settings) -> dict[str, Any]:
    return {
        "kind": "sei-kmc dataset",
        "format": FORMAT,
        "bigloop": version("bigloop"),
        "settings": asdict(settings),
    }


def _write_json(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1) + "\n"
    _write(path, lambda file: file.write(text.encode()))


def _write(path: Path, write: Any) -> None:
    """All of a file or nothing of it, whatever happens."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
