from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from bigloop.dashboard.association import rank_correlation, ranks


@pytest.mark.parametrize("seed", range(5))
def test_it_is_spearmans_with_ties_and_without(seed: int) -> None:
    rng = random.Random(seed)
    a = [rng.choice([rng.gauss(0, 1), 0.5]) for _ in range(30)]
    b = [x + rng.gauss(0, 1) for x in a]
    assert ranks(a) == pytest.approx(stats.rankdata(a))
    assert rank_correlation(a, b).rho == pytest.approx(stats.spearmanr(a, b)[0])


def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    """2,000 samples of a bivariate normal: 95 % within four standard errors."""
    rng, r, n, hits = random.Random(1), 0.6, 25, 0
    truth = 6 / math.pi * math.asin(r / 2)
    for _ in range(2000):
        x = [rng.gauss(0, 1) for _ in range(n)]
        y = [r * a + math.sqrt(1 - r * r) * rng.gauss(0, 1) for a in x]
        found = rank_correlation(x, y)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    spread = math.sqrt(0.95 * 0.05 / 2000)
    assert abs(hits / 2000 - 0.95) < 4 * spread


def test_too_few_or_constant_values_have_none() -> None:
    assert rank_correlation([1.0], [2.0]).rho is None
    assert rank_correlation([1, 1, 1, 1], [1, 2, 3, 4]).rho is None
    few = rank_correlation([1, 2, 3], [1, 3, 2])
    assert few.rho == pytest.approx(0.5)
    assert few.low is None
    assert "too few" in few.words
