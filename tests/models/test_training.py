"""Training, judging, promotion and use, on the reference campaign's documents."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from bigloop.contracts import (
    Campaign,
    ModelVersion,
    Snapshot,
    SpecError,
    TrainingRow,
    read_campaign,
)
from bigloop.models.artifact import address
from bigloop.models.scores import LEVELS
from bigloop.models.training import estimates, restore, train

ROOT = Path(__file__).parent.parent.parent
CAMPAIGN = read_campaign(ROOT / "campaigns" / "fast_charging.yaml")
DESIGN: dict[str, float | str] = {"C1": 5.0, "Q1": 0.5, "C2": 4.0}


def _rows(n: int, n_labelled: int, *, seed: int = 0, slope: float = -0.4) -> Snapshot:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(100, 2, dtype=torch.double, generator=generator)
    rows = []
    for i in range(n):
        life = math.exp(6.6 + slope * float(z[i, 0]) + 0.15 * float(z[i, 1]))
        rows.append(
            TrainingRow(
                trial=f"t{i:03}",
                specimen=f"s{i:03}",
                batch=f"b{i % 2}",
                design={**DESIGN, "C1": 4.0 + i / n},
                early={"log10_var_dQ": -4.0 + 0.5 * float(z[i, 0])},
                value=life if i < n_labelled else None,
            )
        )
    return Snapshot(rows=tuple(rows))


def _with(campaign: Campaign, **predictor: Any) -> Campaign:
    assert campaign.predictor is not None
    changed = campaign.predictor.model_copy(update=predictor)
    return campaign.model_copy(update={"predictor": changed})


def _train(
    snapshot: Snapshot,
    champion: ModelVersion | None = None,
    campaign: Campaign = CAMPAIGN,
) -> ModelVersion:
    version = train(campaign, snapshot, champion, seed=1)
    assert version is not None
    return version


def test_nothing_is_learned_without_a_label() -> None:
    assert train(CAMPAIGN, _rows(5, 0), None, seed=0) is None


def test_first_version_is_champion_and_has_no_score_to_boast_of() -> None:
    version = _train(_rows(5, 1))
    assert version.status == "champion"
    assert version.calibration == []
    assert version.metrics["specimen_out_n"] == 0
    assert "specimen_out_rmse" not in version.metrics
    content = base64.b64decode(version.artifact)
    assert version.parameters["sha256"] == address(content)


def test_equal_arguments_give_equal_versions() -> None:
    assert _train(_rows(9, 5)) == _train(_rows(9, 5))


def test_an_id_stands_for_one_content() -> None:
    """Equal weights, but judged against another champion or on renamed trials."""
    snapshot = _rows(9, 5)
    first = _train(snapshot)
    again = _train(snapshot, first)
    renamed = [r.model_copy(update={"trial": f"x{r.trial}"}) for r in snapshot.rows]
    other = _train(Snapshot(rows=tuple(renamed)))
    assert first.artifact == again.artifact == other.artifact
    assert len({first.id, again.id, other.id}) == 3


def test_metrics_say_how_many_they_judge() -> None:
    version = _train(_rows(14, 10))
    assert version.metrics["n_labelled"] == 10
    assert version.metrics["specimen_out_n"] == 10
    assert version.metrics["batch_out_n"] == 10
    groups = {(c["scheme"], c["group"]): c["n"] for c in version.calibration}
    assert groups["leave one specimen out", "all"] == 10
    assert groups["leave one batch out", "batch b1"] == 5
    assert len(version.calibration) == 6 * len(LEVELS)
    for entry in version.calibration:
        assert entry["low"] <= entry["coverage"] <= entry["high"]
        assert entry["error"] == pytest.approx(entry["coverage"] - entry["level"])


def test_leave_one_out_is_a_refit_without_the_label() -> None:
    """RMSE from three refits by hand."""
    snapshot, square = _rows(6, 3), 0.0
    for i in range(3):
        rows = list(snapshot.rows)
        rows[i] = rows[i].model_copy(update={"value": None})
        part = Snapshot(rows=tuple(rows))
        found = {e.trial: e for e in estimates(CAMPAIGN, _train(part), part)}
        guess = math.exp(found[rows[i].trial].mean)
        square += (guess - (snapshot.rows[i].value or 0.0)) ** 2
    expected = math.sqrt(square / 3)
    assert _train(snapshot).metrics["specimen_out_rmse"] == pytest.approx(expected)


def test_predictions_improve_on_the_spread_of_lives() -> None:
    snapshot = _rows(40, 40)
    lives = torch.tensor([row.value or 0.0 for row in snapshot.rows])
    assert _train(snapshot).metrics["specimen_out_rmse"] < 0.6 * lives.std().item()


def test_estimates_are_of_the_open_specimens() -> None:
    snapshot = _rows(8, 5)
    version = _train(snapshot)
    found = estimates(CAMPAIGN, version, snapshot)
    assert [e.trial for e in found] == ["t005", "t006", "t007"]
    assert {e.model_version for e in found} == {version.id}
    assert {e.observable for e in found} == {"life"}
    assert all(math.exp(e.mean) > 100 for e in found)
    assert estimates(CAMPAIGN, version, _rows(5, 5)) == []


def test_estimate_of_a_running_specimen_is_above_its_age() -> None:
    snapshot = _rows(8, 5)
    age = {"value": 3000.0, "censored": True}
    rows = (*snapshot.rows[:7], snapshot.rows[7].model_copy(update=age))
    running = Snapshot(rows=rows)
    for data in (snapshot, running):
        last = estimates(CAMPAIGN, _train(data), running)[-1]
        assert last.trial == "t007"
        assert last.mean > math.log(3000.0)


def test_a_model_without_new_labels_is_not_promoted() -> None:
    champion = _train(_rows(8, 5))
    version = _train(_rows(12, 5), champion)
    assert version.status == "challenger"
    assert "no label is new" in version.parameters["promotion"]
    assert "new_n" in version.metrics


def test_with_few_new_labels_more_data_win() -> None:
    champion = _train(_rows(20, 5))
    version = _train(_rows(20, 7), champion)
    assert version.status == "champion"
    assert version.metrics["new_n"] == 2
    assert "new_log_score_champion" in version.metrics


def test_with_many_new_labels_the_better_score_wins() -> None:
    """The champion learned an opposite slope: the challenger must beat it."""
    champion = _train(_rows(60, 10, slope=+0.4))
    snapshot = _rows(60, 40)
    version = _train(snapshot, champion)
    scores = version.metrics
    assert scores["new_n"] == 40
    assert scores["new_log_score_challenger"] > scores["new_log_score_champion"]
    assert version.status == "champion"


def test_a_damaged_champion_is_replaced() -> None:
    champion = _train(_rows(8, 5)).model_copy(update={"artifact": "AAAA"})
    version = _train(_rows(8, 5), champion)
    assert version.status == "champion"
    assert "damaged" in version.parameters["promotion"]
    with pytest.raises(SpecError, match="is damaged"):
        restore(champion)


def test_design_can_be_an_input() -> None:
    version = _train(_rows(12, 8), campaign=_with(CAMPAIGN, with_design=True))
    assert version.parameters["inputs"] == ["log10_var_dQ", "C1", "Q1", "C2"]
    assert "slope.C1" in version.parameters["learned"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["slope"]}, "'slope' is not among predictor.early"),
        ({"nois": 0.1}, "nois: unknown key; did you mean 'noise'"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        _train(_rows(5, 3), campaign=_with(CAMPAIGN, options=options))


def test_linear_observables_need_a_scale() -> None:
    life = CAMPAIGN.observables["life"].model_copy(update={"log": False})
    linear = CAMPAIGN.model_copy(
        update={"observables": {**CAMPAIGN.observables, "life": life}}
    )
    version = _train(_rows(9, 5), campaign=linear)
    found = estimates(linear, version, _rows(9, 5))
    # Cycles, not their logarithm, which would be near 7 with a spread below 1.
    assert all(e.mean > 20 and e.sd_aleatoric > 10 for e in found)
    boundless = life.model_copy(update={"high": None})
    endless = linear.model_copy(
        update={"observables": {**linear.observables, "life": boundless}}
    )
    with pytest.raises(SpecError, match="what a large difference"):
        _train(_rows(9, 5), campaign=endless)
