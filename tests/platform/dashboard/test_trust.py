"""The page's numbers beside an independent computation with NumPy and SciPy."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from fastapi.testclient import TestClient
from scipy import stats

from bigloop.contracts import Campaign
from bigloop.dashboard.foresight import Foresight, foresights
from bigloop.dashboard.trust import Coverage, coverage, coverages, parity
from bigloop.db import Store
from bigloop.models.training import restore


def said(truth: float, mean: float, sd: float) -> Foresight:
    z = 1.6448536269514722
    return Foresight(
        specimen="s",
        measured=math.exp(truth),
        expected=math.exp(mean),
        low=math.exp(mean - z * sd),
        high=math.exp(mean + z * sd),
        truth=truth,
        mean=mean,
        sd=sd,
    )


def chart(text: str, key: str) -> dict[str, object]:
    found = re.search(rf'id="chart-{key}-data">(.*?)</script>', text, re.S)
    assert found is not None
    spec: dict[str, object] = json.loads(found.group(1))
    return spec


@pytest.fixture
def text(client: TestClient) -> str:
    return str(client.get("/c/demo/learning").text)


def test_parity_on_the_page_is_what_the_models_say(
    store: Store, spec: Campaign, text: str
) -> None:
    """Every version is asked for every specimen that it did not know."""
    rows = {
        r.specimen: r
        for r in store.snapshot("demo").rows
        if r.value is not None and not r.censored
    }
    expected: dict[str, tuple[float, float, float, float]] = {}
    for version in store.models("demo"):
        model = restore(version)
        for name, row in rows.items():
            if name in model.labelled:
                continue
            blind = row.model_copy(update={"value": None})
            mean, aleatoric, epistemic = (float(v[0]) for v in model.predict([blind]))
            half = stats.norm.ppf(0.95) * np.hypot(aleatoric, epistemic)
            expected[name] = (
                float(row.value or 0.0),
                float(np.exp(mean)),
                float(np.exp(mean - half)),
                float(np.exp(mean + half)),
            )
    assert len(expected) > 5
    series = chart(text, "parity")["series"]
    dots = next(s for s in series if s["kind"] == "dots")  # type: ignore[attr-defined]
    page = {tuple(point) for point in dots["points"]}
    assert len(page) == len(expected)
    for measured, middle, _, _ in expected.values():
        near = min(page, key=lambda p: abs(p[0] - measured) + abs(p[1] - middle))
        assert near == pytest.approx((measured, middle), rel=1e-9)
    errors = [abs(m / t - 1) for t, m, _, _ in expected.values()]
    assert f"{100 * float(np.mean(errors)):.3g} %" in text


def test_coverage_on_the_page_is_counted_anew(
    store: Store, spec: Campaign, text: str
) -> None:
    seen = foresights(spec, store.models("demo"), store.snapshot("demo"))
    truth = np.log([f.measured for f in seen])
    sd = np.array([f.sd for f in seen])
    mean = np.log([f.expected for f in seen])
    series = chart(text, "calibration")["series"]
    dots = next(s for s in series if s["kind"] == "dots")  # type: ignore[attr-defined]
    bars = next(s for s in series if s["kind"] == "bars")  # type: ignore[attr-defined]
    for (level, share), (_, low, high) in zip(
        dots["points"], bars["points"], strict=True
    ):
        half = stats.norm.ppf((1 + level) / 2) * sd
        hits = int(np.sum(np.abs(truth - mean) <= half))
        wilson = stats.binomtest(hits, len(seen)).proportion_ci(method="wilson")
        assert share == pytest.approx(hits / len(seen), abs=1e-9)
        assert (low, high) == pytest.approx((wilson.low, wilson.high), abs=1e-9)


def test_champion_rows_on_the_page_are_those_of_the_store(
    store: Store, text: str
) -> None:
    champion = store.champion("demo")
    assert champion is not None
    rows = [
        e
        for e in champion.calibration
        if e["group"] == "all" and e["scheme"] == "leave one specimen out"
    ]
    series = chart(text, "champion")["series"]
    dots = next(s for s in series if s["kind"] == "dots")  # type: ignore[attr-defined]
    wanted = [[r["level"], r["coverage"]] for r in rows]
    assert dots["points"] == pytest.approx(np.array(wanted), abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "n", "verdict"),
    [
        (21, 25, "not contradicted"),
        (60, 100, "too narrow"),
        (100, 100, "too wide"),
        (9, 10, "too few to judge"),
        (2, 10, "too narrow"),
    ],
)
def test_the_verdict_follows_from_the_wilson_interval(
    hits: int, n: int, verdict: str
) -> None:
    seen = [said(0.0, 0.0 if i < hits else 9.0, 0.1) for i in range(n)]
    found = coverage(seen, 0.9)
    assert (found.hits, found.n, found.verdict) == (hits, n, verdict)


def test_the_verdict_is_a_sentence_with_n() -> None:
    found = Coverage(level=0.9, hits=21, n=25, low=0.65, high=0.94)
    assert found.words == (
        "Intervals of 90 % held 84 % of 25 (95 % Wilson interval 65 % to 94 %): "
        "not contradicted."
    )


def test_calibrated_predictions_are_seldom_contradicted() -> None:
    """400 draws of 40 specimens: at most 5 % + 4 standard errors are contradicted."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        seen = [said(t, 0.0, 1.0) for t in rng.normal(size=40)]
        wrong += coverage(seen, 0.9).verdict.startswith("too")
    assert wrong / 400 < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 400)


def test_bias_and_nothing_to_judge() -> None:
    assert parity([]) is None
    assert coverages([]) == []
    found = parity([said(1.0, 1.2, 0.1), said(2.0, 2.2, 0.1), said(3.0, 3.2, 0.1)])
    assert found is not None
    assert found.bias == pytest.approx(0.2)
    assert found.bias_reach == pytest.approx(0.0, abs=1e-9)
    assert found.error == pytest.approx(math.exp(0.2) - 1)
