from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bigloop.contracts import SpecError, attachments
from bigloop.simulators.sei import Growth, Species
from bigloop.simulators.sei.files import SCALE, packed, png, unpacked
from bigloop.simulators.sei.files import attachments as made


@pytest.fixture(scope="module")
def lattice() -> np.ndarray:
    return Growth(shape=(20, 15), seed=2).run(events=20_000).lattice


def test_a_lattice_comes_back_as_it_went(lattice: np.ndarray) -> None:
    content = packed(lattice, {"e1": 0.4, "seed": 7, "end": "events"})
    found = unpacked(content)
    assert (found["lattice"] == lattice).all()
    assert (float(found["e1"]), int(found["seed"])) == (0.4, 7)
    assert str(found["end"]) == "events"
    assert packed(lattice, {"e1": 0.4, "seed": 7, "end": "events"}) == content


def test_the_picture_has_the_electrode_below(lattice: np.ndarray) -> None:
    image = Image.open(io.BytesIO(png(lattice)))
    assert image.size == (15 * SCALE, 20 * SCALE)
    codes = np.asarray(image)[::-SCALE, ::SCALE]
    assert (codes == lattice).all()
    assert (codes[0] == Species.ELECTRODE).all()


def test_what_is_handed_in_can_be_kept(lattice: np.ndarray) -> None:
    given = made(lattice, {})
    assert [attachments.problem(file, 10_000) for file in given] == ["", ""]


@pytest.mark.parametrize("content", [b"", b"PK", packed(np.zeros(3, np.uint8), {})])
def test_what_is_no_lattice_is_refused(content: bytes) -> None:
    with pytest.raises(SpecError, match=r"lattice\.npz"):
        unpacked(content)
