"""A final lattice as files: arrays without pickle, and a picture of it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import Attachment, SpecError

LATTICE, PICTURE = "lattice.npz", "lattice.png"
SCALE = 4
"""Pixels along a site."""
_COLOURS = (
    (244, 246, 248),  # solvent
    (60, 60, 67),  # electrode
    (214, 219, 224),  # absorber
    (240, 190, 60),  # radical
    (38, 96, 164),  # inorganic
    (243, 226, 178),  # monomer
    (226, 160, 120),  # pair
    (178, 74, 60),  # cluster
)


def attachments(
    lattice: NDArray[np.uint8], columns: Mapping[str, float | int | str]
) -> tuple[Attachment, ...]:
    """What a run hands in: its lattice with what it came from, and a picture.

    The arrays are named as in the shards of a data set (`dataset`), for one run.

    Args:
        lattice: `rows x columns`, codes of `Species`.
        columns: by name: barriers, seed, observables.
    """
    return (
        Attachment(
            name=LATTICE,
            content=packed(lattice, columns),
            media_type="application/zip",
            description="final lattice, barriers, observables: numpy arrays by name",
        ),
        Attachment(
            name=PICTURE,
            content=png(lattice),
            media_type="image/png",
            description="final lattice: Li2CO3 blue, organic clusters red",
        ),
    )


def packed(
    lattice: NDArray[np.uint8], columns: Mapping[str, float | int | str]
) -> bytes:
    """The bytes of `lattice.npz`: equal content, equal bytes."""
    file = io.BytesIO()
    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in columns.items()}
    np.savez_compressed(file, allow_pickle=False, lattice=lattice, **arrays)
    return file.getvalue()


def unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of `lattice.npz` by name.

    Raises:
        SpecError: it is no such file.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
    except Exception as error:
        raise SpecError(
            f"{LATTICE}: cannot be read ({type(error).__name__}); give the file that "
            "a run handed in"
        ) from None
    lattice = found.get("lattice")
    if lattice is None or lattice.ndim != 2 or lattice.dtype != np.uint8:
        raise SpecError(f"{LATTICE}: has no lattice; give the file of a run")
    return found


def png(lattice: NDArray[np.uint8], scale: int = SCALE) -> bytes:
    """A picture with the electrode below, one colour a species [PNG2003]_.

    .. [PNG2003] ISO/IEC 15948, Portable Network Graphics (2003).
    """
    pixels = lattice[::-1].repeat(scale, axis=0).repeat(scale, axis=1)
    height, width = pixels.shape
    # A byte before each line says how it is filtered: not at all.
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 1:] = pixels
    palette = bytes(value for colour in _COLOURS for value in colour)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
