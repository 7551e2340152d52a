"""Pictures, barriers and properties: read, checked and split. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigloop.contracts import SpecError
from bigloop.models.prvae.settings import PROPERTIES

MIN_ROWS = 40
"""Fewer cannot be split into three parts that say anything."""
BARRIERS = tuple(f"e{i}" for i in range(1, 16))
SPLIT = (0.70, 0.15, 0.15)
SOLVENT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeiData:
    """Rows to learn from; what is not known of a row is masked, never NaN."""

    pictures: NDArray[np.uint8]
    """`n x rows x columns`, codes of the species; electrode below, absorber above."""
    barriers: NDArray[np.float32]
    """`n x 15` [eV]; 0 where not known."""
    properties: NDArray[np.float32]
    """`n x k`, in the units of the data set; 0 where not known."""
    has_barriers: NDArray[np.bool_]
    """`n`."""
    has_properties: NDArray[np.bool_]
    """`n x k`."""
    names: tuple[str, ...] = PROPERTIES

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.pictures)

    def take(self, rows: ArrayLike) -> SeiData:
        """Some of the rows."""
        at = np.asarray(rows)
        return SeiData(
            pictures=self.pictures[at],
            barriers=self.barriers[at],
            properties=self.properties[at],
            has_barriers=self.has_barriers[at],
            has_properties=self.has_properties[at],
            names=self.names,
        )


def of_arrays(
    pictures: ArrayLike,
    barriers: ArrayLike | None = None,
    properties: ArrayLike | None = None,
    *,
    has_barriers: ArrayLike | None = None,
    has_properties: ArrayLike | None = None,
    names: Sequence[str] = PROPERTIES,
    n_barriers: int = len(BARRIERS),
) -> SeiData:
    """Rows from arrays; left out is unknown in every row.

    Args:
        pictures: `n x rows x columns`, whole numbers.
        barriers: `n x 15` [eV].
        properties: `n x k`, in the order of `names`.
        has_barriers: mask `n` of rows whose barriers are known; all by default.
        has_properties: mask `n x k` of values that are known; all by default.
        names: of the properties.
        n_barriers: how many there are.

    Raises:
        SpecError: shapes that do not fit, codes that are none, NaN where a value is
            said to be known.
    """
    stack = _pictures(pictures)
    n = len(stack)
    b, knows_b = _column(
        "barriers",
        barriers,
        None,
        (n, n_barriers),
        _rows_mask(has_barriers, n_barriers),
    )
    shape = (n, len(names))
    p, knows_p = _column("properties", properties, names, shape, has_properties)
    return SeiData(
        pictures=stack,
        barriers=b,
        properties=p,
        has_barriers=np.asarray(knows_b.all(axis=1)),
        has_properties=knows_p,
        names=tuple(names),
    )


def joined(one: SeiData | None, other: SeiData) -> SeiData:
    """The rows of both, one after the other.

    Raises:
        SpecError: their pictures are not of one shape, or their properties differ.
    """
    if one is None:
        return other
    shapes = one.pictures.shape[1:], other.pictures.shape[1:]
    if shapes[0] != shapes[1] or one.names != other.names:
        raise SpecError(
            f"data: pictures of {shapes[0]} and {shapes[1]}, properties "
            f"{', '.join(one.names)} and {', '.join(other.names)}: give equal ones"
        )
    fields = ("pictures", "barriers", "properties", "has_barriers", "has_properties")
    both = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in fields
    }
    return SeiData(**both, names=one.names)


def check_to_learn(data: SeiData) -> None:
    """Refuse what nothing can be learned from.

    Raises:
        SpecError: too few rows, pictures of one class or all alike, a property that
            is constant or known in fewer than two rows.
    """
    if len(data) < MIN_ROWS:
        raise SpecError(
            f"data: {len(data)} rows; give {MIN_ROWS} or more, or grow them with "
            "`bigloop dataset sei`"
        )
    inside = data.pictures[:, 1:-1]
    if inside.min() == inside.max():
        raise SpecError(
            f"pictures: every site is of class {inside.min()}; there is nothing to "
            "learn; give runs that grew something"
        )
    for i, name in enumerate(data.names):
        values = data.properties[data.has_properties[:, i], i]
        if len(values) > 0 and np.ptp(values) <= 1e-6 * np.abs(values).max():
            raise SpecError(
                f"properties.{name}: {values[0]:g} in every row; leave it out, or "
                "give data in which it varies"
            )


def split(n: int, seed: int) -> tuple[NDArray[np.intp], ...]:
    """Rows of training, validation and test, 70, 15 and 15 %, in random order."""
    order = np.random.default_rng([seed, 7015]).permutation(n)
    first = round(SPLIT[0] * n)
    second = first + round(SPLIT[1] * n)
    return order[:first], order[first:second], order[second:]


def volume_fraction(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Part of the sites between electrode and absorber that are not solvent, `n`.

    The published data have no such column. Unlike `density`, which counts Li2CO3 and
    clusters over all sites, it counts every product, those in solution among them.
    """
    inside = pictures[:, 1:-1]
    return np.asarray((inside != SOLVENT).mean(axis=(1, 2)))


def batches(n: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` rows that cover `n`."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def _pictures(pictures: ArrayLike) -> NDArray[np.uint8]:
    stack = np.asarray(pictures)
    if stack.ndim != 3 or min(stack.shape[1:], default=0) < 8:
        raise SpecError(
            f"pictures: shape {stack.shape}: give n x rows x columns, 8 or more each"
        )
    if stack.dtype.kind not in "iu":
        raise SpecError(f"pictures: {stack.dtype}: give whole numbers, one a species")
    if stack.size and not 0 <= stack.min() <= stack.max() <= 255:
        raise SpecError("pictures: codes are not all from 0 to 255; give species")
    return stack.astype(np.uint8, copy=False)


def _rows_mask(mask: ArrayLike | None, width: int) -> ArrayLike | None:
    if mask is None:
        return None
    return np.repeat(np.asarray(mask, dtype=bool)[:, None], width, axis=1)


def _column(
    field: str,
    values: ArrayLike | None,
    names: Sequence[str] | None,
    shape: tuple[int, int],
    mask: ArrayLike | None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Values with 0 where unknown, and the mask, both of that shape."""
    if values is None:
        return np.zeros(shape, np.float32), np.zeros(shape, bool)
    found = np.asarray(values, dtype=np.float64)
    known = np.ones(shape, bool) if mask is None else np.asarray(mask, dtype=bool)
    for what, array in ((field, found), (f"the mask of {field}", known)):
        if array.shape != shape:
            raise SpecError(
                f"{what}: shape {array.shape}: give {shape[0]} x {shape[1]}"
            )
    wrong = np.argwhere(known & ~np.isfinite(found))
    if len(wrong):
        row, i = wrong[0]
        name = names[i] if names else f"e{i + 1}"
        raise SpecError(
            f"{field}.{name}: {found[row, i]} in row {row}; correct it or mask it"
        )
    return np.where(known, found, 0.0).astype(np.float32), known
