"""Where lives begin after training, and how large the noise is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import torch

from bigloop.models.interphase import InterphaseRNN
from bigloop.models.interphase.network import Sizes, StateSpace
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.settling import settle

from .conftest import LAYOUT, grown


def test_states_at_age_0_move_by_their_own_spreads() -> None:
    """Draws that lean by so much are 0 on average about where states begin then."""
    torch.manual_seed(0)
    space = StateSpace(LAYOUT, Sizes(latent=2, hidden=4, members=3))
    space.requires_grad_(False)
    configuration = torch.randn(50, 1)
    rows = configuration.expand(3, -1, -1)
    leaning = torch.randn(3, space.n_draws)
    draws = leaning[:, None].expand(3, 50, -1)
    leant = space.begin(rows, draws).free.mean(1)
    space.recentre(configuration, leaning)
    centred = space.begin(rows, torch.zeros_like(draws)).free.mean(1)
    torch.testing.assert_close(centred, leant)


def test_settling_leaves_the_noise_alone_where_a_few_lives_burst(
    model: InterphaseRNN,
) -> None:
    """Voltages of a tenth of the lives are off by what no life does."""
    records = grown()
    burst = replace(records, values=records.values.clone())
    signs = torch.tensor([1.0, -1.0]).repeat(2)
    burst.values[:4, :, 2] += 0.5 * signs * burst.mask[:4, :, 2]
    calm, off = (settled_noise(model, some) for some in (records, burst))
    assert float((off / calm).mean()) < 1.5


def settled_noise(model: InterphaseRNN, records: Records) -> torch.Tensor:
    """Of the voltage at its knots, after some rounds."""
    scaling, network = model._state.scaling, deepcopy(model._state.network)
    settle(network, scaling(records), scaling.places, rounds=6, seed=0)
    found: torch.Tensor = network.space.noise[:, 2].exp()
    return found
