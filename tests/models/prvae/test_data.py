from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigloop.contracts import SpecError
from bigloop.models.prvae.data import (
    SeiData,
    check_to_learn,
    of_arrays,
    split,
    volume_fraction,
)
from bigloop.models.prvae.folder import data_hash, read_folder
from bigloop.simulators.sei import Barriers, measure


def _pictures(n: int = 50) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 8, (n, 10, 9)).astype(np.uint8)


def test_a_folder_is_read_as_it_was_grown(folder: Path, data: SeiData) -> None:
    assert data.pictures.shape == (240, 16, 12)
    found = measure(data.pictures)
    for i, name in enumerate(data.names):
        if name != "volume_fraction":
            np.testing.assert_allclose(data.properties[:, i], found[name], rtol=1e-6)
    products = sum(
        found[f"n_{name}"]
        for name in ("radical", "inorganic", "monomer", "pair", "cluster")
    )
    expected = products / (14 * 12)
    np.testing.assert_allclose(volume_fraction(data.pictures), expected)
    assert Barriers.of(data.barriers[0].tolist())
    assert data_hash(data) == data_hash(read_folder(folder))
    assert data_hash(data) != data_hash(data.take(range(239)))


def test_the_split_covers_every_row_once() -> None:
    parts = split(10_000, 4)
    assert [len(part) for part in parts] == [7000, 1500, 1500]
    assert sorted(np.concatenate(parts)) == list(range(10_000))
    assert all((a == b).all() for a, b in zip(parts, split(10_000, 4), strict=True))
    assert (parts[0] != split(10_000, 5)[0]).any()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "manifest.json").unlink(), "no data set of SEI runs"),
        (
            lambda f: (f / "manifest.json").write_text('{"kind": "other"}'),
            "no data set of SEI runs",
        ),
        (
            lambda f: (f / "lattices" / "shard-00001.npz").write_bytes(b"x"),
            "shard-00001.npz: damaged",
        ),
        (lambda f: (f / "lattices" / "shard-00001.npz").unlink(), "missing"),
        (lambda f: shutil.rmtree(f / "lattices"), "no shard yet"),
    ],
)
def test_a_damaged_folder_is_refused(
    folder: Path, tmp_path: Path, damage: Callable[[Path], None], says: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damage(copy)
    with pytest.raises(SpecError, match=says):
        read_folder(copy)


def test_an_unfinished_folder_gives_what_it_has(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["complete"] = False
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "lattices" / "shard-00003.npz").unlink()
    assert len(read_folder(copy)) == 180


def test_an_unknown_property_is_named(folder: Path) -> None:
    with pytest.raises(
        SpecError, match=r"'charm' is not in .*volume_fraction, density"
    ):
        read_folder(folder, ("charm",))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"barriers": np.zeros((50, 14))}, "barriers: shape"),
        ({"barriers": np.full((50, 15), np.nan)}, "barriers.e1: nan in row 0"),
        ({"properties": np.full((50, 1), np.inf)}, "properties.porosity: inf"),
        ({"properties": np.zeros((49, 1))}, "properties: shape"),
        ({"pictures": np.zeros((50, 10, 9))}, "whole numbers"),
        ({"pictures": np.zeros((50, 90), int)}, "rows x columns"),
        ({"pictures": np.full((50, 10, 9), -1)}, "codes"),
    ],
)
def test_wrong_arrays_are_refused(change: dict[str, np.ndarray], says: str) -> None:
    given: dict[str, Any] = {"pictures": _pictures(), "names": ("porosity",)}
    with pytest.raises(SpecError, match=says):
        of_arrays(**{**given, **change})


def test_what_is_masked_may_be_anything() -> None:
    values = np.full((50, 1), np.nan)
    values[:5] = 0.25
    found = of_arrays(
        _pictures(),
        np.full((50, 15), np.nan),
        values,
        has_barriers=np.zeros(50, bool),
        has_properties=np.isfinite(values),
        names=("porosity",),
    )
    assert not found.has_barriers.any()
    assert found.has_properties.sum() == 5
    assert np.isfinite(found.properties).all()


def test_what_teaches_nothing_is_refused() -> None:
    pictures = _pictures()
    values = np.linspace(0, 1, 50)[:, None]
    check_to_learn(of_arrays(pictures, None, values, names=("porosity",)))
    with pytest.raises(SpecError, match="39 rows; give 40"):
        check_to_learn(of_arrays(pictures[:39]))
    with pytest.raises(SpecError, match="every site is of class 4"):
        check_to_learn(of_arrays(np.full_like(pictures, 4)))
    constant = of_arrays(pictures, None, np.full((50, 1), 0.5), names=("porosity",))
    with pytest.raises(SpecError, match=r"porosity: 0\.5 in every row"):
        check_to_learn(constant)
