"""The laws of growth."""

from __future__ import annotations

import torch

from bigloop.models.interphase.law import GrowthLaw


def test_the_square_root_of_age_is_a_steady_gain() -> None:
    """A layer of 5 nm that grows by diffusion, and a loss that its growth brings."""
    law = GrowthLaw(1, 2).double().requires_grad_(False)
    law.bend.fill_(torch.tensor(0.2 / 0.7).double().logit())
    gain, before, share = 12.0, 25.0, 0.2
    ages = torch.linspace(0.0, 100.0, 6).double()
    offsets = torch.tensor([1e-3, share**2 * before])
    law.before.copy_((offsets - 1e-3).clamp_min(1e-12).log())
    thickness = (before + gain * ages).sqrt()
    h = torch.stack([before + gain * ages, share**2 * gain * ages], -1)[None]
    found = law(h)[0]
    # The first starts at its thickness; its offset is the least there is.
    torch.testing.assert_close(found[:, 0], thickness, rtol=0, atol=0.04)
    torch.testing.assert_close(
        found[:, 1], share * (thickness - 5), rtol=1e-4, atol=1e-6
    )


def test_it_rises_from_nothing_and_knows_its_slope() -> None:
    law = GrowthLaw(3, 2).double()
    h = torch.linspace(0.0, 4.0, 50).double()[None, :, None].expand(3, -1, 2)
    h = h.clone().requires_grad_()
    y = law(h)
    found = y.detach()
    assert float(found[:, 0].abs().max()) == 0.0
    assert bool((found.diff(dim=1) > 0).all())
    (slope,) = torch.autograd.grad(y.sum(), h)
    torch.testing.assert_close(slope, law.slope(h))
