"""Where lives begin after training, and how large the noise is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import torch

from bigloop.models.interphase import InterphaseRNN
from bigloop.models.interphase.network import Sizes, StateSpace
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import Network
from bigloop.models.interphase.settling import (
    _mean_squares,
    _median_squares,
    _near,
    settle,
)

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


def test_lives_that_burst_do_not_pass_for_noise() -> None:
    """A tenth of the lives far off: the noise of the others is found all the same."""
    network, records, left = readings(bursting=0.1)
    near = _near(network, records)
    found = _median_squares(left, near).sqrt()
    # Of a normal law with a tenth far off the median is its 0.556 quantile.
    torch.testing.assert_close(
        found, torch.full_like(found, 0.05 * 1.135), rtol=0.06, atol=0
    )
    assert float(_mean_squares(left, near).sqrt().min()) > 5 * 0.05


def test_median_and_mean_square_agree_on_normal_distances() -> None:
    network, records, left = readings(bursting=0.0)
    near = _near(network, records)
    for estimate in (_median_squares, _mean_squares):
        found = estimate(left, near).sqrt()
        torch.testing.assert_close(
            found, torch.full_like(found, 0.05), rtol=0.06, atol=0
        )


def test_missing_readings_say_nothing_of_the_noise() -> None:
    network, records, left = readings(bursting=0.0)
    missing = (records.mask == 0)[None, :, None].expand_as(left)
    near = _near(network, records)
    told = _median_squares(left, near)
    left[missing] = 1e3
    torch.testing.assert_close(_median_squares(left, near), told, rtol=0, atol=0)


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


def readings(bursting: float) -> tuple[Network, Records, torch.Tensor]:
    """Distances of spread 0.05 at all ages, some lives off by 20 times that."""
    torch.manual_seed(0)
    network = Network(LAYOUT, Sizes(latent=2, hidden=4, members=2, knots=3))
    records = grown(400)
    records = replace(records, ages=records.ages / 100.0)
    left = 0.05 * torch.randn(2, 400, 8, 4, 4)
    left[:, : int(bursting * 400)] += 1.0
    return network, records, left.abs()
