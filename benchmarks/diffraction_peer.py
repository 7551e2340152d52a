"""The cohere toolkit on one prepared amplitude; run by the Python that has it.

    PYTHON benchmarks/diffraction_peer.py IN.npz OUT.npz N_STARTS SEQUENCE LIBRARY

`LIBRARY` is `np` or `torch`. Its recipe for its example scan; its random starts follow
the clock, so they cannot be repeated.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def recipe(sequence: str) -> dict[str, object]:
    return {
        "algorithm_sequence": sequence,
        "hio_beta": 0.9,
        "initial_support_area": [0.5, 0.5, 0.5],
        "shrink_wrap_trigger": [1, 1],
        "shrink_wrap_type": "GAUSS",
        "shrink_wrap_threshold": 0.1,
        "shrink_wrap_gauss_sigma": 1.0,
        "twin_trigger": [2],
        "twin_halves": [0, 0],
    }


def start(data: Path, sequence: str, library: str) -> tuple[NDArray[np.generic], float]:
    """The image of one start, and its seconds."""
    phasing = importlib.import_module("cohere_core.controller.phasing")
    with contextlib.redirect_stdout(io.StringIO()):
        rec = phasing.create_rec(recipe(sequence), str(data), library, -1)
        began = time.perf_counter()
        status = rec.iterate()
        took = time.perf_counter() - began
    if status < 0:
        raise SystemExit("the peer's reconstruction failed")
    return np.asarray(rec.get_image()), took


def main(source: str, target: str, n_starts: str, sequence: str, library: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npy"
        np.save(data, np.load(source)["amplitude"].astype(np.float32))
        runs = [start(data, sequence, library) for _ in range(int(n_starts))]
    np.savez(
        target, images=np.stack([i for i, _ in runs]), seconds=[s for _, s in runs]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
