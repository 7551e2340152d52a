"""Maps are made by another process, once for what they are made from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigloop.contracts import SourceError
from bigloop.dashboard.landscape import embedded
from bigloop.dashboard.umapping import Mapper, serve

DATA = np.random.default_rng(1).normal(size=(30, 4))


@pytest.fixture
def mapper(tmp_path: Path) -> Iterator[Mapper]:
    """With a folder of its own."""
    made = Mapper(tmp_path / "maps")
    yield made
    made.close()


def first_two(data: Any, neighbours: int, seed: int) -> list[tuple[float, float]]:
    return [(float(row[0]), float(row[seed])) for row in data[:neighbours]]


def test_each_line_is_answered_with_every_digit() -> None:
    out = io.StringIO()
    asked = [json.dumps([DATA.tolist(), 2, axis]) for axis in (1, 3)]
    serve(asked, out, first_two)
    for line, axis in zip(out.getvalue().splitlines(), (1, 3), strict=True):
        assert json.loads(line) == [list(p) for p in first_two(DATA, 2, axis)]


def test_a_process_that_ends_is_said_and_another_begins(mapper: Mapper) -> None:
    ragged = np.array([[1.0], [1.0, 2.0]], dtype=object)
    for _ in range(2):
        with pytest.raises(SourceError, match="its process ended"):
            mapper(ragged, 15, 0)


@pytest.mark.slow
def test_the_map_is_that_of_this_process_and_is_kept(
    mapper: Mapper, tmp_path: Path
) -> None:
    made = mapper(DATA, 15, 7)
    assert made == embedded(DATA, 15, 7)
    # Of another server on that folder: nothing is computed.
    later = Mapper(tmp_path / "maps")
    assert later(DATA, 15, 7) == made
    assert later._process is None
