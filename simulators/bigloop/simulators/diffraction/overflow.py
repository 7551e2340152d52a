"""Counts that were stored in too few bits, restored by the totals of their frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats

Ints = NDArray[np.int64]


def restore_counts(
    stored: NDArray[np.generic],
    totals: Floats,
    maxima: Floats | None = None,
    bits: int = 16,
    sweeps: int = 20,
) -> Ints:
    """Counts of which only the last bits were kept, `n x ny x nz`.

    The total of a frame, which beamlines log, says how many overflows it holds:
    (total - sum) / 2^bits. Which pixels they are follows from the frames before and
    after, for a peak that is sampled finely along the first axis: a frame is predicted
    (by a parabola from one side, first from both ends to the middle; then by a cubic
    from both sides), and its overflows go to where they take away most of the misfit.

    Args:
        stored: what was stored, 0 to 2^bits - 1.
        totals: the true sum of each frame, `n` [counts].
        maxima: the true largest count of each frame, where it was logged: it is not
            used, but must come out.
        bits: that were kept.
        sweeps: at most so many.

    Raises:
        SpecError: what was stored is no count of so many bits, a total is not the sum
            plus a number of overflows, or a maximum is not met.
    """
    counts, base = _checked(np.asarray(stored), totals, bits), 2**bits
    missing = np.asarray(totals, dtype=float) - counts.sum((1, 2))
    overflows = np.round(missing / base).astype(np.int64)
    if (missing != overflows * base).any() or (overflows < 0).any():
        worst = int(np.argmax(np.abs(missing - overflows * base)))
        raise SpecError(
            f"totals[{worst}]: {totals[worst]:g}: not the stored sum plus multiples of "
            f"{base}; give the totals of these very frames"
        )
    if overflows.any():
        _march(counts, overflows, base)
        for _ in range(sweeps):
            before = counts.copy()
            for frame in np.flatnonzero(overflows):
                low, guess = counts[frame] % base, _between(counts, int(frame))
                counts[frame] = _assign(low, guess, overflows[frame], base)
            if np.array_equal(counts, before):
                break
    if maxima is not None and (wrong := counts.max((1, 2)) != maxima).any():
        raise SpecError(
            f"maxima: {int(wrong.sum())} frames have another largest count than was "
            "logged: the overflows cannot be placed; read the original files"
        )
    return counts


def _checked(stored: NDArray[np.generic], totals: Floats, bits: int) -> Ints:
    if not 1 <= bits <= 32 or stored.ndim != 3 or np.shape(totals) != stored.shape[:1]:
        raise SpecError(
            f"stored: {stored.shape}, totals: {np.shape(totals)}, bits: {bits}: give "
            "n x ny x nz, n and 1 to 32"
        )
    if not (np.isfinite(stored.astype(float)).all() and np.isfinite(totals).all()):
        raise SpecError("stored or totals: not finite: give counts")
    counts = stored.astype(np.int64)
    if (counts < 0).any() or (counts != stored).any():
        raise SpecError("stored: negative or broken numbers: give counts")
    return counts


def _march(counts: Ints, overflows: Ints, base: int) -> None:
    """Restore frames in place, from both ends of the overflows to their middle."""
    concerned = np.flatnonzero(overflows)
    middle = int(concerned[np.cumsum(overflows[concerned]) * 2 >= overflows.sum()][0])
    for frames, step in (
        (range(int(concerned[0]), middle), 1),
        (range(int(concerned[-1]), middle - 1, -1), -1),
    ):
        for frame in frames:
            if overflows[frame]:
                guess = _beyond(counts, frame, step)
                counts[frame] = _assign(counts[frame], guess, overflows[frame], base)


def _assign(low: Ints, guess: Floats, overflows: np.int64, base: int) -> Ints:
    """A frame with its overflows where they take away most of the squared misfit."""
    flat, wanted = low.reshape(-1).copy(), guess.reshape(-1)
    for _ in range(int(overflows)):
        flat[int(np.argmax(wanted - flat))] += base
    return flat.reshape(low.shape)


def _beyond(counts: Ints, frame: int, step: int) -> Floats:
    """The parabola through the three frames before, in the direction of `step`."""
    last = len(counts) - 1
    one, two, three = (
        counts[min(max(frame - i * step, 0), last)].astype(float) for i in (1, 2, 3)
    )
    return np.asarray(3 * one - 3 * two + three)


def _between(counts: Ints, frame: int) -> Floats:
    """The cubic through the two frames on either side."""
    last = len(counts) - 1
    near = counts[max(frame - 1, 0)] + counts[min(frame + 1, last)]
    far = counts[max(frame - 2, 0)] + counts[min(frame + 2, last)]
    return np.asarray((4.0 * near - far) / 6)
