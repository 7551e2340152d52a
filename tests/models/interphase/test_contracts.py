"""The surrogate and the predictor keep the promises of their Protocols."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bigloop.contracts import SpecError, plugins
from bigloop.models.inputs import Inputs
from bigloop.models.interphase import (
    Channel,
    InterphasePredictor,
    InterphaseRNN,
    InterphaseSurrogate,
    Layout,
    Recipe,
    Sizes,
)
from bigloop.models.testing import check_predictor, check_surrogate

SIZES = Sizes(latent=2, hidden=8, members=4, knots=2)
RECIPE = Recipe(steps=60, rate=0.03, anchor=1.0)


def surrogate() -> InterphaseSurrogate:
    layout = Layout(
        configuration=("a", "b"),
        observables={"y": "free"},
        channels=(Channel(source="s", observable="y"),),
        spreads={"y": 1.0},
    )
    return InterphaseSurrogate(layout, SIZES, RECIPE, has_age=False, lives=16)


def test_surrogate_contract() -> None:
    check_surrogate(surrogate)


class Quick(InterphasePredictor):
    """Trained for fewer steps."""

    def __init__(self, inputs: Inputs | None = None, **options: Any) -> None:
        super().__init__(inputs, **{"steps": 60, "members": 4, **options})


def test_predictor_contract() -> None:
    check_predictor(Quick)


def test_it_is_found_by_its_name() -> None:
    assert plugins.load("models", "interphase-rnn") is InterphasePredictor


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(SpecError, match=r"predictor\.options"):
        InterphasePredictor(stepz=3)


def test_gradients_reach_the_query() -> None:
    made = surrogate()
    X = torch.randn(
        6, 2, dtype=torch.double, generator=torch.Generator().manual_seed(0)
    )
    made.fit(X, X.sum(1, keepdim=True))
    at = X[:2].clone().requires_grad_()
    made.posterior(at).mean.sum().backward()
    assert at.grad is not None
    assert bool((at.grad != 0).all())


def test_queries_name_age_and_channel(model: InterphaseRNN) -> None:
    """Later levels of what never falls are higher, by either source alike."""
    made = InterphaseSurrogate(model.layout, model=model, lives=16)
    young, old = [0.5, 0.5, 20.0, 0.0], [0.5, 0.5, 90.0, 0.0]
    other = [0.5, 0.5, 90.0, 1.0]
    X = torch.tensor([young, old, other], dtype=torch.double)
    mean = made.posterior(X).mean[:, 0]
    assert mean[1] > mean[0]
    # Equal but for the last bits of the network's single precision.
    torch.testing.assert_close(mean[1], mean[2], rtol=1e-6, atol=0.0)
    aleatoric = made.uncertainty(X)[0][:, 0]
    assert aleatoric[2] > aleatoric[1], "the second source is the noisier"
    assert bool((made.gain(X) > 0).all())


def test_an_unknown_channel_is_refused(model: InterphaseRNN) -> None:
    made = InterphaseSurrogate(model.layout, model=model)
    with pytest.raises(SpecError, match="channel is not one of 0 to 3"):
        made.posterior(torch.tensor([[0.5, 0.5, 20.0, 7.0]]))


def test_a_row_of_the_wrong_width_is_refused(model: InterphaseRNN) -> None:
    made = InterphaseSurrogate(model.layout, model=model)
    with pytest.raises(SpecError, match="3 columns; there are 4"):
        made.posterior(torch.zeros(1, 3))
