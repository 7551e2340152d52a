"""Spreads learned from interphases that were held out, against planted ones."""

from __future__ import annotations

import math

import pytest
import torch

from bigloop.contracts import SpecError
from bigloop.models.interphase import (
    Channel,
    Forecast,
    InterphaseRNN,
    Layout,
    Records,
)
from bigloop.models.interphase.calibration import (
    Asked,
    Calibration,
    reach,
    together,
)

from .conftest import grown

LAYOUT = Layout(
    observables={"y": "free"}, channels=(Channel(source="s", observable="y"),)
)
N, K, STEPS = 300, 64, 4


def blank(n: int = N) -> Records:
    ages = torch.linspace(0.25, 1.0, STEPS).expand(n, -1)
    return Records.blank(torch.zeros(n, 0), ages, torch.zeros(n, STEPS, 0), 1)


def asked(truth: torch.Tensor, seed: int = 0) -> Asked:
    """Two members whose lives have a unit spread; readings are `truth`, `n x T x 1`."""
    seeded = torch.Generator().manual_seed(seed)
    records = blank(len(truth))
    records.values[:], records.mask[:] = truth, 1.0
    return Asked(
        levels=torch.randn(2, len(truth), K, STEPS, 1, generator=seeded),
        sigma=torch.full((2, len(truth), STEPS, 1), 0.1),
        reach=reach(records.until(-1.0)),
        came=records,
    )


def forecast(one: Asked, made: Calibration) -> Forecast:
    levels = made(LAYOUT, one.levels, one.reach)
    return Forecast(layout=LAYOUT, ages=one.came.ages, levels=levels, sigma=one.sigma)


def test_lives_that_spread_too_little_are_widened_by_what_is_missing() -> None:
    """Truth twice as wide at the first age and three times at the last."""
    seeded = torch.Generator().manual_seed(1)
    wide = 2.0 + (blank().ages[..., None] - 0.25) / 0.75
    truth = wide * torch.randn(N, STEPS, 1, generator=seeded)
    made = Calibration.of(LAYOUT, [asked(truth)])
    fresh = asked(wide * torch.randn(N, STEPS, 1, generator=seeded), seed=2)
    for found, planted in zip(
        forecast(fresh, made).process.mean(0).sqrt(), wide[0], strict=True
    ):
        # One spread of a standard deviation from 300 lives is 4 %; the prior pulls too.
        assert float(found / planted) == pytest.approx(1.0, abs=0.15)
    low, high = forecast(fresh, made).interval(0.8)
    inside = (fresh.came.values >= low) & (fresh.came.values <= high)
    spread = (0.8 * 0.2 / inside.numel()) ** 0.5
    # As uncertain as from the lives that taught it.
    assert float(inside.float().mean()) == pytest.approx(0.8, abs=4 * 2**0.5 * spread)


def test_rests_and_bursts_are_not_spread_like_normal_lives() -> None:
    """Most lives near the mean, some far off: 50 % of normal lives held too many."""
    seeded = torch.Generator().manual_seed(3)

    def bursts() -> torch.Tensor:
        far = torch.rand(N, STEPS, 1, generator=seeded) < 0.15
        unit = torch.randn(N, STEPS, 1, generator=seeded)
        return torch.where(far, 2.5 * unit, 0.15 * unit)

    made = Calibration.of(LAYOUT, [asked(bursts())])
    fresh = asked(bursts(), seed=4)
    nothing = Calibration(weights=torch.zeros(1, 3, 3))
    off = []
    for one in (nothing, made):
        low, high = forecast(fresh, one).interval(0.5)
        inside = (fresh.came.values >= low) & (fresh.came.values <= high)
        off.append(abs(float(inside.float().mean()) - 0.5))
    assert off[0] > 0.3
    assert off[1] < 0.5 * off[0]


def test_the_median_stays() -> None:
    """Within the gap between two neighbours: there is an even number of lives."""
    seeded = torch.Generator().manual_seed(5)
    one = asked(torch.randn(N, STEPS, 1, generator=seeded))
    made = Calibration(weights=0.5 * torch.randn(1, 3, 3, generator=seeded))
    before, after = (
        levels.movedim(1, 0).flatten(1, 2).sort(1).values
        for levels in (one.levels, made(LAYOUT, one.levels, one.reach))
    )
    gap = before[:, K] - before[:, K - 1]
    off = after[:, K - 1 : K + 1].mean(1) - before[:, K - 1 : K + 1].mean(1)
    assert bool((off.abs() <= gap).all())


def test_without_weights_nothing_is_moved() -> None:
    one = asked(torch.zeros(5, STEPS, 1))
    made = Calibration(weights=torch.zeros(1, 3, 3))
    torch.testing.assert_close(made(LAYOUT, one.levels, one.reach), one.levels)


def test_what_may_not_fall_does_not_whatever_the_weights(
    model: InterphaseRNN,
) -> None:
    made = InterphaseRNN.from_bytes(model.to_bytes())
    made.calibrate(grown(10, 7))
    spreads = made._state.calibration
    assert spreads is not None
    seeded = torch.Generator().manual_seed(6)
    spreads.weights.copy_(torch.randn(4, 3, 3, generator=seeded))
    levels = made.forecast(grown(10, 8).until(40.0)).levels
    assert bool((levels[..., :2].diff(dim=-2) >= 0).all())
    assert bool((levels[..., [0, 1, 3]] >= 0).all())


def test_members_are_moved_apart_to_where_the_truth_may_be() -> None:
    """Pooled variance: process, and `1 + 1/E` times that between members."""
    seeded = torch.Generator().manual_seed(0)
    levels = torch.randn(4, 3, 500, 2, 1, generator=seeded)
    levels = levels + torch.randn(4, 3, 1, 2, 1, generator=seeded)
    process = levels.var(2, correction=0).mean(0)
    between = levels.mean(2).var(0)
    whole = together(levels).var(1, correction=0)
    torch.testing.assert_close(whole, process + 1.25 * between)


def test_a_calibrated_file_gives_back_what_wrote_it(model: InterphaseRNN) -> None:
    made = InterphaseRNN.from_bytes(model.to_bytes())
    made.calibrate(grown(10, 7))
    content = made.to_bytes()
    assert content != model.to_bytes()
    again = InterphaseRNN.from_bytes(content)
    assert again.to_bytes() == content
    records = grown(3, 6)
    assert again.forecast(records).levels.equal(made.forecast(records).levels)


def test_a_channel_without_readings_is_left_alone(model: InterphaseRNN) -> None:
    records = grown(10, 7)
    records.mask[..., 1] = 0.0
    records.values[..., 1] = 0.0
    made = InterphaseRNN.from_bytes(model.to_bytes())
    made.calibrate(records)
    spreads = made._state.calibration
    assert spreads is not None
    assert bool((spreads.weights[1] == 0).all())
    assert bool((spreads.weights[0] != 0).any())


def test_time_counts_from_the_last_reading() -> None:
    records = blank(2)
    records.mask[0, 1] = 1.0
    found = reach(records)
    assert found[0, :, 1].tolist() == pytest.approx([0.0, 0.0, 0.25, 0.5])
    assert found[1, :, 1].tolist() == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert found[:, 0, 2].tolist() == [0.0, 1.0]
    assert math.isclose(float(found[..., 0].sum()), 2 * STEPS)


def test_too_few_to_calibrate_are_refused(model: InterphaseRNN) -> None:
    with pytest.raises(SpecError, match=r"3 interphase.*to calibrate"):
        model.calibrate(grown(3, 7))
