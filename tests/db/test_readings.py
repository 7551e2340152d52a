from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bigloop.contracts import (
    Campaign,
    HistoryRow,
    Measurement,
    Outcome,
    SpecError,
    Suggestion,
    Trial,
    Verdict,
)
from bigloop.db import Store

Run = Callable[..., Trial]


@pytest.fixture
def run(
    store: Store,
    suggest: Callable[..., Suggestion],
    success: Callable[..., Outcome],
    approve: Verdict,
) -> Run:
    """`run(number, **outcome)`: propose, take and complete a trial of `death`."""

    def make(number: int, *, censored: bool = False, **more: Any) -> Trial:
        store.propose(suggest(number, "death", cost={}), approve, "loop")
        claim = store.take("w")
        assert claim is not None
        outcome = success(**{"cost": {}, **more})
        found = tuple(
            m.model_copy(update={"censored": censored and m.observable == "life"})
            for m in outcome.measurements
        )
        return store.complete(claim, outcome.model_copy(update={"measurements": found}))

    return make


def history(specimen: str | None, observable: str, value: float) -> HistoryRow:
    unit = "cycle" if observable == "life" else ""
    return HistoryRow(
        source="death",
        design={"rate": 9.0, "salt": "LiPF6"},
        specimen=specimen,
        measurement=Measurement(observable=observable, value=value, unit=unit),
    )


def test_a_state_holds_only_what_was_seen(store: Store, run: Run) -> None:
    a, b, c = (run(n, slope=-float(n), specimen=f"s{n}") for n in range(3))
    store.import_history("cells", [history("h", "slope", -7.0)], "ada")
    state = store.state("cells", [c.id, a.id])
    # In the order in which they were taken in, not in which they came.
    assert [o.value for o in state.observations] == [-7.0, -2.0, 0.0]
    assert state.trials == (a, b, c)
    assert [t.id for t in state.pending] == [b.id]
    assert state.accounts == store.ledger("cells")
    assert state.campaign == store.campaign("cells")


def test_a_moment_of_some_observations_knows_no_others(store: Store, run: Run) -> None:
    a, b = (run(n, slope=-float(n), specimen=f"s{n}") for n in range(2))
    moment = store.moment("cells")
    kept = [o for o in moment.observations if o.trial == a.id]
    state = moment.only(kept).state([b.id, a.id])
    assert kept
    assert state.observations == tuple(kept)


def test_a_moment_kept_up_to_date_is_that_of_a_fresh_store(
    store: Store,
    run: Run,
    spec: Campaign,
    url: str,
    suggest: Callable[..., Suggestion],
    ask: Verdict,
) -> None:
    """Beside another campaign, whose trials and observations come in between."""
    store.add_campaign(spec.model_copy(update={"name": "others"}), "ada")

    def look() -> None:
        for name in ("cells", "others"):
            kept = store.moment(name)
            assert kept.states == Counter(t.state for t in kept.trials)
            with Store.open(url) as fresh:
                assert kept == fresh.moment(name)

    look()
    store.import_history("others", [history("h", "slope", -7.0)], "ada")
    run(0, slope=-1.0)
    look()
    waiting = store.propose(suggest(0, campaign="others"), ask, "loop")
    run(1, slope=-2.0)
    store.import_history("cells", [history("g", "slope", -6.0)], "ada")
    look()
    store.reject(waiting.id, "ada", "too dear")
    look()
    store.import_history("others", [history("i", "slope", -5.0)], "ada")
    assert len(store.moment("others").observations) == 2
    look()


def test_a_state_is_fresh_after_every_change(
    store: Store, suggest: Callable[..., Suggestion], ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    assert store.state("cells", ()).trials == (trial,)
    approved = store.approve(trial.id, "ada")
    assert store.state("cells", ()).trials == (approved,)


def test_one_training_row_for_each_specimen(store: Store, run: Run) -> None:
    run(0, slope=-3.0, specimen="b")
    last = run(1, life=500.0, slope=-2.0, specimen="b", batch="b1")
    run(2, life=900.0, specimen="a")  # never measured early
    alone = run(3, slope=-1.0)  # a specimen without a name
    store.import_history(
        "cells",
        [
            history("h", "slope", -6.0),
            history("h", "life", 77.0),
            history(None, "slope", 0),
        ],
        "ada",
    )
    rows = {row.specimen: row for row in store.snapshot("cells").rows}
    assert list(rows) == sorted(["b", "h", alone.id])
    assert rows["b"].early == {"slope": -2.0}
    assert (rows["b"].value, rows["b"].trial, rows["b"].batch) == (500.0, last.id, "b1")
    assert (rows["h"].value, rows["h"].trial) == (77.0, "")
    assert (rows[alone.id].value, rows[alone.id].censored) == (None, False)


@pytest.mark.parametrize(
    ("found", "value", "censored"),
    [
        ([(300.0, True), (200.0, True)], 300.0, True),
        ([(300.0, True), (250.0, False), (400.0, True)], 250.0, False),
        ([], None, False),
    ],
)
def test_an_end_that_was_seen_wins(
    store: Store,
    run: Run,
    found: list[tuple[float, bool]],
    value: float | None,
    censored: bool,
) -> None:
    run(0, slope=-1.0, specimen="a")
    for number, (life, is_censored) in enumerate(found, start=1):
        run(number, life=life, censored=is_censored, specimen="a")
    (row,) = store.snapshot("cells").rows
    assert (row.value, row.censored) == (value, censored)


def test_a_snapshot_of_what_was_seen(store: Store, run: Run) -> None:
    a = run(0, slope=-1.0, life=100.0, specimen="a")
    b = run(1, slope=-2.0, specimen="b")
    store.import_history("cells", [history("h", "slope", -6.0)], "ada")
    assert [r.specimen for r in store.snapshot("cells", [b.id]).rows] == ["b", "h"]
    assert [r.specimen for r in store.snapshot("cells", []).rows] == ["h"]
    assert store.snapshot("cells", [a.id, b.id]) == store.snapshot("cells")
    assert store.snapshot("cells", [a.id]).hash != store.snapshot("cells", [b.id]).hash


def test_a_snapshot_does_not_depend_on_who_finished_first(
    store: Store, run: Run
) -> None:
    first = run(0, slope=-1.0, specimen="a")
    second = run(1, slope=-2.0, specimen="a")
    for seen, value in (([first.id, second.id], -2.0), ([second.id, first.id], -1.0)):
        (row,) = store.snapshot("cells", seen).rows
        assert row.early == {"slope": value}


def test_without_a_predictor_there_is_no_snapshot(empty: Store, spec: Campaign) -> None:
    empty.add_campaign(spec.model_copy(update={"predictor": None}), "ada")
    with pytest.raises(SpecError, match="no predictor"):
        empty.snapshot("cells")
