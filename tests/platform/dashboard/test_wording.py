from __future__ import annotations

import pytest

from bigloop.contracts import Campaign
from bigloop.dashboard.chart import span, ticks
from bigloop.dashboard.predictor_figures import verdict
from bigloop.dashboard.trust import ENOUGH
from bigloop.dashboard.wording import cost_text, design_text, spent_text


def test_designs_and_costs_have_units(spec: Campaign) -> None:
    assert design_text(spec, {"rate": 3.14159, "soc": 0.4}) == (
        "rate = 3.14 1/h, soc = 0.4"
    )
    assert cost_text({"cell_cycle": 1234.5, "EUR": 0}) == "1,234 cell-cycles"
    assert cost_text({}) == "nothing"


def test_spent_names_the_exhaustive_study_only_where_it_is_known() -> None:
    spent, budget = {"EUR": 5.0}, {"EUR": 20.0, "gram": 1.0}
    lines = spent_text(spent, budget, {"EUR": 50.0})
    assert lines[0] == "5 EUR of 20; 10 % of the exhaustive study's 50"
    assert lines[1] == "0 gram of 1"


@pytest.mark.parametrize("bounds", [(0, 1), (-3, 7e4), (0.001, 0.0012), (5, 5)])
def test_ticks_lie_within_and_are_few(bounds: tuple[float, float]) -> None:
    found = ticks(*bounds)
    assert 1 <= len(found) <= 11
    assert all(bounds[0] - 1e-9 <= t <= bounds[1] + 1e-9 for t in found)


def test_bounds_are_never_empty() -> None:
    for values in ([0.0], [3.0, 3.0], [-1.0, 2.0]):
        low, high = span(values)
        assert low < min(values) <= max(values) < high


def test_verdicts_on_calibration() -> None:
    def rows(
        n: int, coverage: float, low: float, high: float
    ) -> list[dict[str, float]]:
        keys = {"n": n, "level": 0.9, "coverage": coverage, "low": low, "high": high}
        return [keys]

    assert "Too few" in verdict(rows(ENOUGH - 1, 0.1, 0.0, 0.3))
    assert "No interval contradicts" in verdict(rows(50, 0.88, 0.76, 0.94))
    assert "too sure" in verdict(rows(50, 0.5, 0.37, 0.63))
    assert "too cautious" in verdict(rows(200, 0.99, 0.96, 1.0))
