from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import Campaign, Term, Trial, Verdict
from bigloop.dashboard.lesson import lesson_of
from bigloop.dashboard.queue import ask, fit
from bigloop.db import Store

ASK = Verdict(action="ask", who="scientist", reason="it is long")


def priced(trial: Trial, amount: float, score: float) -> Trial:
    assert trial.decision is not None
    decision = trial.decision.model_copy(update={"score": score})
    return trial.model_copy(
        update={"reserved": {"cell_cycle": amount}, "decision": decision}
    )


@pytest.fixture
def three(bench: Any) -> list[Trial]:
    found = [bench.propose(verdict=ASK) for _ in range(3)]
    bench.store.close()
    return [
        priced(trial, amount, score)
        for trial, amount, score in zip(found, (2500, 900, 100), (3, 2, 1), strict=True)
    ]


def test_best_value_per_cost_comes_first_and_smaller_ones_fill_up(
    three: list[Trial],
) -> None:
    found = fit(three, {"cell_cycle": 2600})
    assert [t.reserved["cell_cycle"] for t in found.chosen] == [2500, 100]
    assert [t.reserved["cell_cycle"] for t in found.left_out] == [900]
    assert found.total == {"cell_cycle": 2600}


def test_a_currency_without_an_amount_pays_for_nothing(three: list[Trial]) -> None:
    assert fit(three, {"core_second": 1e9}).chosen == ()
    assert fit(three, {}).total == {}


def test_share_is_of_what_would_be_left_without_the_trial(
    store: Store, spec: Campaign, waiting: str
) -> None:
    account = store.ledger("demo")["cell_cycle"]
    trial = store.trial(waiting)
    (price,) = ask(spec, store.ledger("demo"), trial).prices
    room = account.limit - account.spent - account.reserved + price.amount
    assert price.share == pytest.approx(100 * 2500 / room)
    assert price.text == "2,500 cell-cycles"


def test_epistemic_share_is_of_the_variance_of_one_result(
    store: Store, waiting: str
) -> None:
    trial = store.trial(waiting)
    assert trial.decision is not None
    terms = trial.decision.terms
    e, a = terms["sd_epistemic"].value, terms["sd_aleatoric"].value
    (doubt,) = lesson_of(trial).doubts
    assert doubt.epistemic_share == pytest.approx(e**2 / (e**2 + a**2))
    assert doubt.observable == ""


def test_a_decision_that_states_nothing_teaches_nothing(
    store: Store, waiting: str
) -> None:
    trial = store.trial(waiting).model_copy(update={"decision": None})
    assert lesson_of(trial).gain is None
    assert lesson_of(trial).doubts == ()


def test_every_observable_that_decides_has_its_doubt(
    store: Store, waiting: str
) -> None:
    trial = store.trial(waiting)
    assert trial.decision is not None
    terms = {
        "sd_epistemic_mass": Term(value=3.0, unit="gram"),
        "sd_aleatoric_mass": Term(value=4.0, unit="gram"),
        "sd_epistemic_power": Term(value=1.0, unit="watt"),
        "p_found": Term(value=0.5),
    }
    decision = trial.decision.model_copy(update={"terms": terms})
    told = lesson_of(trial.model_copy(update={"decision": decision}))
    assert told.gain == terms["p_found"]
    mass, power = told.doubts
    assert (mass.observable, power.observable) == ("mass", "power")
    assert mass.epistemic_share == pytest.approx(9 / 25)
    assert power.epistemic_share is None
