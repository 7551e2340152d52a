"""Learning, forecasting, keeping; what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from bigloop.contracts import DivergenceError, SpecError
from bigloop.models import artifact
from bigloop.models.interphase import InterphaseRNN, Recipe, Sizes

from .conftest import LAYOUT, grown

QUICK = Recipe(steps=3)
SMALL = Sizes(latent=2, hidden=4, members=2, knots=2)


def test_what_may_not_fall_does_not_whatever_the_weights() -> None:
    """Bounds hold by construction: with weights thrown far off they still do."""
    made = InterphaseRNN(LAYOUT, SMALL, QUICK)
    made.fit(grown(8))
    seeded = torch.Generator().manual_seed(0)
    for weight in made._state.network.parameters():
        weight.add_(3.0 * torch.randn(weight.shape, generator=seeded))
    levels = made.forecast(grown(20, 1)).levels
    thickness, resistance = levels[..., 0], levels[..., 3]
    assert bool(levels.isfinite().all())
    assert bool((thickness >= 0).all())
    assert bool((thickness.diff(dim=-1) >= 0).all())
    assert bool((resistance >= 0).all())


def test_variances_add_up_to_that_of_readings(model: InterphaseRNN) -> None:
    """Against the variance of drawn readings, within that estimate's own spread."""
    found = model.forecast(grown(5, 2).until(-1.0), lives=512)
    seeded = torch.Generator().manual_seed(0)
    sigma = found.sigma[:, :, None]
    noise = torch.randn(found.levels.shape, generator=seeded) * sigma
    drawn = (found.levels + noise).movedim(0, 1).flatten(1, 2)
    n = drawn.shape[1]
    whole = drawn.var(1)
    # Members are few: their variance is estimated with E - 1, drawn pooled with E.
    share = (len(found.levels) - 1) / len(found.levels)
    parts = found.observation + found.process + share * found.epistemic
    kurtosis = ((drawn - drawn.mean(1, keepdim=True)) ** 4).mean(1)
    spread = ((kurtosis - whole**2) / n).sqrt()
    z = (whole - parts) / spread
    assert float(z.abs().max()) < 4.5, "80 comparisons, none beyond 4.5 spreads"


def test_a_history_narrows_the_forecast(model: InterphaseRNN) -> None:
    records = grown(30, 3)
    bare = model.forecast(records.until(-1.0))
    told = model.forecast(records.until(records.ages[:, 1:2]))
    for c in (0, 1):
        assert told.process[:, 1, c].mean() < bare.process[:, 1, c].mean()


def test_what_is_measured_later_changes_nothing_now(model: InterphaseRNN) -> None:
    records = grown(4, 3)
    half = records.until(records.ages[:, 1:2])
    other = replace(half, conditions=half.conditions.clone())
    other.conditions[:, 2:] += 0.5
    one, two = model.forecast(half).mean, model.forecast(other).mean
    later = (one - two)[:, 2:, 0].abs()
    assert bool((later > 0).all()), "conditions to come must change what comes"


def test_a_censored_reading_pushes_up(model: InterphaseRNN) -> None:
    """Every member by itself: one that expects a value to be lower must move more."""
    records = grown(10, 4).until(-1.0)
    bare = model.forecast(records, 256).levels.mean(2)[:, :, 2, 0]
    values, mask = records.values.clone(), records.mask.clone()
    values[:, 2, 0], mask[:, 2, 0] = bare.amax(0), 1.0
    known = replace(records, values=values, mask=mask, censored=mask)
    told = model.forecast(known, 256).levels.mean(2)[:, :, 2, 0]
    assert bool((told > bare).all())


def test_neighbours_do_not_matter(model: InterphaseRNN) -> None:
    records = grown(6, 5).until(50.0)
    alone = model.forecast(records[slice(2, 3)]).mean
    torch.testing.assert_close(alone, model.forecast(records).mean[2:3])


def test_a_file_gives_back_what_wrote_it(model: InterphaseRNN) -> None:
    content = model.to_bytes()
    again = InterphaseRNN.from_bytes(content)
    assert again.to_bytes() == content
    records = grown(3, 6)
    assert again.forecast(records).levels.equal(model.forecast(records).levels)


def test_equal_seeds_give_equal_bits() -> None:
    files = []
    for _ in range(2):
        made = InterphaseRNN(LAYOUT, SMALL, QUICK)
        made.fit(grown(8))
        files.append(made.to_bytes())
    assert artifact.address(files[0]) == artifact.address(files[1])


def test_a_file_of_another_architecture_is_refused(model: InterphaseRNN) -> None:
    tensors, data = artifact.unpack(model.to_bytes(), "interphase-rnn")
    data["sizes"]["hidden"] = 16
    with pytest.raises(SpecError, match="another architecture"):
        InterphaseRNN.from_bytes(artifact.pack(tensors, data))


def test_divergence_leaves_the_model_that_was(model: InterphaseRNN) -> None:
    made = InterphaseRNN.from_bytes(model.to_bytes())
    made.recipe = Recipe(steps=5, rate=1e30)
    with pytest.raises(DivergenceError, match="lower rate"):
        made.fit(grown(8))
    assert made.to_bytes() != b""
    assert made.forecast(grown(2)).mean.isfinite().all()


def test_too_few_interphases_are_refused() -> None:
    with pytest.raises(SpecError, match="3 interphase"):
        InterphaseRNN(LAYOUT, SMALL, QUICK).fit(grown(3))


def test_a_constant_observable_is_refused() -> None:
    records = grown(8)
    records.values[..., 2] = records.mask[..., 2]
    with pytest.raises(SpecError, match=r"observables\.voltage"):
        InterphaseRNN(LAYOUT, SMALL, QUICK).fit(records)


def test_an_observable_only_ever_outlived_is_refused() -> None:
    records = grown(8)
    records.censored[..., 3] = records.mask[..., 3]
    with pytest.raises(SpecError, match="no exact value"):
        InterphaseRNN(LAYOUT, SMALL, QUICK).fit(records)


@pytest.mark.parametrize("name", ["values", "ages", "conditions", "configuration"])
def test_nan_is_refused(name: str) -> None:
    records = grown(8)
    part = getattr(records, name).clone()
    part[0] = torch.nan
    records = replace(records, **{name: part})
    with pytest.raises(SpecError, match=rf"records\.{name}: not finite in 1"):
        InterphaseRNN(LAYOUT, SMALL, QUICK).fit(records)


def test_wrong_shapes_are_refused() -> None:
    records = grown(8)
    with pytest.raises(SpecError, match=r"records\.conditions: shape"):
        InterphaseRNN(LAYOUT, SMALL, QUICK).fit(
            replace(records, conditions=records.conditions[..., :0])
        )


def test_nothing_is_forecast_before_learning() -> None:
    with pytest.raises(SpecError, match="call fit first"):
        InterphaseRNN(LAYOUT).forecast(grown(2))
