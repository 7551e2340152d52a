"""From what was observed to training rows: one for each specimen, or each run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from bigloop.contracts import (
    Observation,
    Predictor,
    TrainingRow,
    Trial,
    TrialState,
)


def training_rows(
    predictor: Predictor, found: Iterable[Observation]
) -> tuple[TrainingRow, ...]:
    """Rows in order of specimen; a specimen that lacks an early observable has none.

    A specimen without a name is known by its trial; imported history without either
    cannot be joined and is left out.
    """
    specimens: dict[str, list[Observation]] = {}
    for item in found:
        name = item.specimen or item.trial
        if name is not None:
            specimens.setdefault(name, []).append(item)
    rows = (_row(predictor, name, specimens[name]) for name in sorted(specimens))
    return tuple(row for row in rows if row is not None)


def _row(
    predictor: Predictor, specimen: str, found: Sequence[Observation]
) -> TrainingRow | None:
    values = {item.observable: item.value for item in found}
    if not set(predictor.early) <= set(values):
        return None
    target = _target([o for o in found if o.observable == predictor.predicts])
    return TrainingRow(
        trial=next((o.trial for o in reversed(found) if o.trial is not None), ""),
        specimen=specimen,
        batch=next((o.batch for o in reversed(found) if o.batch is not None), None),
        design=found[-1].design,
        early={name: values[name] for name in predictor.early},
        value=None if target is None else target.value,
        censored=target is not None and target.censored,
    )


def _target(found: Sequence[Observation]) -> Observation | None:
    """The latest end that was seen; else the latest age that was outlived."""
    ends = [item for item in found if not item.censored]
    if ends:
        return ends[-1]
    return max(found, key=lambda item: item.value, default=None)


def run_rows(
    trials: Sequence[Trial], sources: Collection[str], seen: Sequence[str] | None
) -> tuple[TrainingRow, ...]:
    """A row for each run of some sources that succeeded and handed in files.

    In the order of `seen`; of all, in order of proposal, when it is none.
    """
    by_id = {t.id: t for t in trials if t.proposal.source in sources}
    found = by_id.values() if seen is None else [by_id[i] for i in seen if i in by_id]
    return tuple(
        TrainingRow(
            trial=t.id,
            specimen=t.id,
            design=t.proposal.design,
            early={},
            files={file.name: file.sha256 for file in t.outcome.files},
        )
        for t in found
        if t.state is TrialState.COMPLETED and t.outcome and t.outcome.files
    )
