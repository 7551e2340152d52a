from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bigloop.contracts import SpecError
from bigloop.simulators.sei import Barriers, Growth, box, dataset, measure
from bigloop.simulators.sei.dataset import Settings

SMALL = Settings(n=7, seed=4, rows=12, columns=10, max_events=2000, shard=3)


def _make(folder: Path, shards: list[int] | None = None) -> None:
    for shard in dataset.begin(SMALL, folder) if shards is None else shards:
        dataset.make_shard(SMALL, folder, shard)


def _bits(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "set"
    _make(folder)
    dataset.finish(SMALL, folder)
    return folder


def test_every_run_can_be_made_again(made: Path) -> None:
    table = pd.read_parquet(made / dataset.TABLE)
    assert table["run"].tolist() == list(range(7))
    shards = [np.load(dataset.shard_path(made, i))["lattice"] for i in range(3)]
    lattices = np.concatenate(shards)
    for name, values in measure(lattices).items():
        np.testing.assert_array_equal(table[name], values)
    for row, lattice in zip(table.to_dict("records"), lattices, strict=True):
        barriers = Barriers.of([row[f"e{i}"] for i in range(1, 16)])
        growth = Growth(barriers, "v1", (12, 10), seed=int(row["seed"]))
        end = growth.run(events=2000)
        np.testing.assert_array_equal(end.lattice, lattice)
        assert (end.time_s, end.n_events) == (row["time_s"], row["n_events"])
        assert row["end"] == end.end


def test_the_hypercube_fills_each_barrier_evenly() -> None:
    settings = Settings(n=100)
    low, high = box().T
    cells = np.floor((dataset.hypercube(settings) - low) / (high - low) * 100)
    for column in cells.T:
        assert sorted(column) == list(range(100))


def test_interrupted_and_taken_up_it_has_the_same_bits(
    made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    dataset.begin(SMALL, folder)
    _make(folder, [2])
    # What a killed worker leaves behind is no shard.
    (folder / "lattices" / ".shard-00000.npz.1.part").write_bytes(b"half")
    assert dataset.begin(SMALL, folder) == [0, 1]
    _make(folder)
    dataset.finish(SMALL, folder)
    again = {k: v for k, v in _bits(folder).items() if ".part" not in k}
    assert again == _bits(made)


def test_the_manifest_has_the_checksums(made: Path) -> None:
    manifest = json.loads((made / dataset.MANIFEST).read_text())
    assert manifest["complete"]
    assert manifest["settings"]["seed"] == 4
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    assert sum(manifest["ends"].values()) == 7


@pytest.mark.parametrize(
    ("changes", "says"), [({"seed": 5}, "seed = 4"), ({"n": 8}, "n = 7")]
)
def test_another_data_set_in_the_folder_is_refused(
    made: Path, changes: dict[str, Any], says: str
) -> None:
    other = {"n": 7, "seed": 4, "rows": 12, "columns": 10, "max_events": 2000}
    with pytest.raises(SpecError, match=says):
        dataset.begin(Settings(**{**other, "shard": 3, **changes}), made)


def test_a_folder_of_another_kernel_is_not_mixed_with_this_one(
    made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "older"
    shutil.copytree(made, folder)
    manifest = json.loads((folder / dataset.MANIFEST).read_text())
    manifest["format"] = 1
    (folder / dataset.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(SpecError, match="format = 1, asked for 2"):
        dataset.begin(SMALL, folder)


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(SpecError, match="not empty"):
        dataset.begin(SMALL, tmp_path)
    (tmp_path / dataset.MANIFEST).write_text("[]")
    with pytest.raises(SpecError, match="no JSON object"):
        dataset.begin(SMALL, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        *({"n": 0}, {"shard": 0}, {"seed": -1}, {"rows": 1}, {"version": "v9"}),
        *({"half_range": 1.0}, {"max_events": 0}),
    ],
)
def test_settings_that_make_no_data_set(changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        Settings(**{"n": 1, **changes})
