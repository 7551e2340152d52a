"""Regressors of a mixed model, and what is refused as input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigloop.contracts import SpecError, TrainingRow

if TYPE_CHECKING:
    from torch import Tensor


def design(z: Tensor, hot: Tensor) -> Tensor:
    """Intercept, inputs `(b) x q x d` and batches `(b) x q x g` side by side."""
    import torch

    return torch.cat([z.new_ones(*z.shape[:-1], 1), z, hot], dim=-1)


def one_hot(groups: Sequence[str], batches: Sequence[str], like: Tensor) -> Tensor:
    """Membership `n x g`; a row of zeros for a batch that is not listed."""
    import torch

    place = {name: index for index, name in enumerate(batches)}
    hot = torch.zeros(len(like), len(batches), dtype=like.dtype, device=like.device)
    for row, name in enumerate(groups):
        if name in place:
            hot[row, place[name]] = 1.0
    return hot


def batch_of(row: TrainingRow) -> str:
    """Batch of a specimen; one of unknown batch is a batch of its own."""
    return row.batch if row.batch is not None else f"?{row.specimen}"


def groups_of(rows: Sequence[TrainingRow]) -> tuple[str, ...]:
    """Batch of each row; empty when none of them names one."""
    if all(row.batch is None for row in rows):
        return ()
    return tuple(batch_of(row) for row in rows)


def model_scale(value: float, *, log: bool) -> float:
    """A value as it is modelled: its logarithm with `log`, else itself.

    Raises:
        SpecError: it has no logarithm.
    """
    if not log:
        return value
    if value <= 0:
        raise SpecError(f"value {value:g} has no logarithm; set log: false")
    return math.log(value)


def check_data(X: Tensor, Y: Tensor, groups: Sequence[str], over: Tensor) -> None:
    """Refuse what cannot be learned from.

    Raises:
        SpecError: NaN, infinity, shapes that do not fit, or no exact target.
    """
    if X.ndim != 2 or Y.shape != (len(X), 1):
        raise SpecError(
            f"X has shape {tuple(X.shape)} and Y {tuple(Y.shape)}; give n x d and n x 1"
        )
    if groups and len(groups) != len(X):
        raise SpecError(
            f"there are {len(groups)} groups for {len(X)} rows; give one a row or none"
        )
    if over.shape != (len(X),):
        raise SpecError(
            f"censored has shape {tuple(over.shape)}; give one value a row, {len(X)}"
        )
    check_finite(X, "X")
    check_finite(Y, "Y")
    check_exact(over.tolist())


def check_finite(values: Tensor, name: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        SpecError: with the number of rows that hold one.
    """
    bad = int((~values.isfinite()).reshape(len(values), -1).any(-1).sum())
    if bad:
        raise SpecError(f"{name} is not finite in {bad} row(s); leave those rows out")


def check_exact(over: Sequence[bool]) -> None:
    """Refuse data in which every value was only exceeded.

    Raises:
        SpecError: there is no exact value.
    """
    if all(over):
        raise SpecError(
            "no specimen has an exact value; nothing can be learned before one has "
            "been measured to its end"
        )
