from __future__ import annotations

import math

import pytest
from scipy import stats

from bigloop.contracts import Campaign, canonical_json
from bigloop.dashboard.scoreboard import bias, scoreboard
from bigloop.db import Store


def test_the_target_comes_first_and_is_held_against_nothing(
    store: Store, spec: Campaign
) -> None:
    first, *others = scoreboard(spec, store.trials("demo"), store.observations("demo"))
    assert (first.source, first.observable, first.is_target) == ("full", "life", True)
    assert first.rank is None
    assert first.bias is None
    assert [s.source for s in others] == ["quick"]


def test_rank_correlation_is_of_means_over_shared_designs(
    store: Store, spec: Campaign
) -> None:
    observations = store.observations("demo")
    means: dict[str, dict[str, list[float]]] = {"quick": {}, "full": {}}
    for o in observations:
        wanted = "life" if o.source == "full" else "early"
        if o.observable == wanted and not o.censored:
            means[o.source].setdefault(canonical_json(o.design), []).append(o.value)
    shared = sorted(set(means["quick"]) & set(means["full"]))
    (score,) = scoreboard(spec, store.trials("demo"), observations)[1:]
    assert score.n_shared == len(shared)
    assert score.n_designs == len(means["quick"])
    if len(shared) > 1:
        x, y = ([sum(m[d]) / len(m[d]) for d in shared] for m in means.values())
        assert score.rank is not None
        assert score.rank.rho == pytest.approx(stats.spearmanr(x, y)[0])


def test_bias_is_relative_on_a_log_scale(spec: Campaign) -> None:
    mine = {"a": 110.0, "b": 220.0, "c": 330.0}
    target = {"a": 100.0, "b": 200.0, "c": 300.0}
    found = bias(spec, ("cheap", "life"), mine, target, ["a", "b", "c"])
    assert found is not None
    assert found.value == pytest.approx(0.1)
    assert found.reach == pytest.approx(0.0, abs=1e-9)
    assert bias(spec, ("cheap", "early"), mine, target, ["a"]) is None
    assert bias(spec, ("cheap", "life"), mine, target, []) is None
    plain = spec.model_copy(
        update={
            "observables": {
                **spec.observables,
                "life": spec.observables["life"].model_copy(update={"log": False}),
            }
        }
    )
    off = bias(plain, ("cheap", "life"), mine, target, ["a", "b", "c"])
    assert off is not None
    assert off.value == pytest.approx(20)
    assert off.unit == "cycle"
    assert off.reach == pytest.approx(1.96 * 10 / math.sqrt(3), rel=1e-3)
