"""Predictions of labelled specimens by models that have not seen their labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from bigloop.contracts import TrainingRow
from bigloop.models.predictor import Predictor
from bigloop.models.scores import Held

MAX_FOLDS = 200
"""Beyond this many labels, several specimens are left out at once."""

Make = Callable[[], Predictor]


def leave_specimens_out(
    make: Make, rows: Sequence[TrainingRow], *, log: bool
) -> list[Held]:
    """Each exactly labelled specimen predicted from all others, in order of rows.

    Its early observations stay in, as they are there when it is predicted in use.
    Empty with fewer than two labels: there is nothing to learn from.
    """
    names = [row.specimen for row in rows if is_exact(row)]
    if len(names) < 2:
        return []
    n = min(len(names), MAX_FOLDS)
    folds = [set(names[start::n]) for start in range(n)]
    held = [h for fold in folds for h in _leave_out(make, rows, fold, log=log)]
    place = {name: index for index, name in enumerate(names)}
    return sorted(held, key=lambda h: place[h.specimen])


def leave_batches_out(
    make: Make, rows: Sequence[TrainingRow], *, log: bool
) -> list[Held]:
    """Each batch predicted from the others; empty with fewer than two with labels."""
    batches = sorted({r.batch for r in rows if r.batch is not None and is_exact(r)})
    if len(batches) < 2:
        return []
    held = []
    for batch in batches:
        members = {row.specimen for row in rows if row.batch == batch}
        held += _leave_out(make, rows, members, log=log)
    return held


def score(
    predictor: Predictor, rows: Iterable[TrainingRow], *, log: bool
) -> list[Held]:
    """What a predictor says of exactly labelled specimens, without being told."""
    known = [row for row in rows if is_exact(row)]
    mean, aleatoric, epistemic = predictor.predict([bare(row) for row in known])
    return [
        Held(
            specimen=row.specimen,
            batch=row.batch,
            truth=math.log(row.value or 0.0) if log else row.value or 0.0,
            mean=float(mean[i]),
            sd=math.hypot(float(aleatoric[i]), float(epistemic[i])),
        )
        for i, row in enumerate(known)
    ]


def is_exact(row: TrainingRow) -> bool:
    """Whether the value was measured to its end."""
    return row.value is not None and not row.censored


def bare(row: TrainingRow) -> TrainingRow:
    """The specimen without what is to be predicted."""
    return row.model_copy(update={"value": None, "censored": False})


def _leave_out(
    make: Make, rows: Sequence[TrainingRow], names: set[str], *, log: bool
) -> list[Held]:
    kept = [bare(row) if row.specimen in names else row for row in rows]
    if not any(is_exact(row) for row in kept):
        return []
    predictor = make()
    predictor.fit_rows(kept)
    return score(predictor, [row for row in rows if row.specimen in names], log=log)
