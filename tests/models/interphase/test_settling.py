"""Where lives begin after training."""

from __future__ import annotations

import torch

from bigloop.models.interphase.network import Sizes, StateSpace

from .conftest import LAYOUT


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
