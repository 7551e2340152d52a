"""The rule by which a challenger takes the champion's place."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from bigloop.models.promotion import ENOUGH, ODDS, compare
from bigloop.models.scores import Held, calibration, metrics


def _held(n: int, error: float, *, first: int = 0) -> list[Held]:
    return [
        Held(specimen=f"s{i}", batch="b", truth=6.0, mean=6.0 + error, sd=0.2)
        for i in range(first, first + n)
    ]


def _error(log_odds: float) -> float:
    """Error at which one label is `exp(log_odds)` times less likely than at 0."""
    return 0.2 * math.sqrt(2.0 * log_odds)


def test_log_score_is_the_log_density() -> None:
    held = Held(specimen="s", batch=None, truth=6.3, mean=6.0, sd=0.2)
    assert held.log_score == pytest.approx(stats.norm(6.0, 0.2).logpdf(6.3))


def test_no_new_label_keeps_the_champion() -> None:
    found = compare([], _held(9, 0.0))
    assert not found.is_promoted
    assert found.metrics == {"new_n": 0.0}


@pytest.mark.parametrize(("share", "wins"), [(0.98, True), (1.02, False)])
def test_few_labels_must_speak_clearly_against_it(share: float, wins: bool) -> None:
    worse = _held(1, _error(share * math.log(ODDS)))
    assert compare(_held(1, 0.0), worse).is_promoted is wins


def test_evidence_of_few_labels_adds_up() -> None:
    each = _error(0.4 * math.log(ODDS))
    assert compare(_held(2, 0.0), _held(2, each)).is_promoted
    assert not compare(_held(3, 0.0), _held(3, each)).is_promoted


@pytest.mark.parametrize(("error", "wins"), [(0.29, True), (0.31, False)])
def test_enough_labels_decide_by_the_mean(error: float, wins: bool) -> None:
    found = compare(_held(ENOUGH, 0.3), _held(ENOUGH, error))
    assert found.is_promoted is wins
    assert found.n == ENOUGH


def test_only_labels_that_the_champion_had_not_seen_count() -> None:
    """The challenger is bad on the old ones, which it is not asked about."""
    old, new = _held(20, 2.0), _held(2, 0.0, first=20)
    found = compare(_held(2, 0.1, first=20), [*old, *new])
    assert found.n == 2
    assert found.is_promoted
    assert found.challenger_log_score == pytest.approx(new[0].log_score)


def test_errors_are_of_the_natural_scale() -> None:
    found = metrics(_held(4, math.log(1.1)), "x", log=True)
    assert found["x_mape_percent"] == pytest.approx(10.0)
    assert found["x_rmse"] == pytest.approx(0.1 * math.exp(6.0))
    assert metrics([], "x", log=True) == {"x_n": 0.0}


def test_calibration_of_nothing_is_nothing() -> None:
    assert calibration([], "any") == []


def test_coverage_counts() -> None:
    """An error of 1.5 sd is inside 90 and 95 %, outside 50 and 80 %."""
    found = {
        (c["group"], c["level"]): c["coverage"]
        for c in calibration([*_held(3, 0.3), *_held(1, 0.0, first=3)], "any")
    }
    assert found["all", 0.5] == found["batch b", 0.8] == 0.25
    assert found["all", 0.9] == found["batch b", 0.95] == 1.0
