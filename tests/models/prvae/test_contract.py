from __future__ import annotations

from collections.abc import Callable

import torch

from bigloop.models.prvae.data import SeiData
from bigloop.models.prvae.model import PrVAE
from bigloop.models.testing_generative import Example, check_generative_model


def test_contract(make: Callable[..., PrVAE], data: SeiData) -> None:
    few = data.take(range(60))
    views = {
        "picture": torch.tensor(few.pictures),
        "barriers": torch.tensor(few.barriers),
        "properties": torch.tensor(few.properties),
    }
    example = Example(
        views=views,
        shown=("picture",),
        given=("barriers",),
        may_miss=("barriers", "properties"),
    )
    check_generative_model(lambda: make(epochs=2), example)
