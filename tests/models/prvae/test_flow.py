from __future__ import annotations

import math

import torch

from bigloop.models.prvae.conditioning import Box
from bigloop.models.prvae.flow import ConditionalFlow, FlowFit, fit_flow


def _flow(d: int, context: int) -> ConditionalFlow:
    torch.manual_seed(0)
    flow = ConditionalFlow(d, context, n_layers=4, width=16)
    with torch.no_grad():
        for values in flow.parameters():
            values.add_(0.1 * torch.randn_like(values))
    flow.double()
    return flow


def test_the_density_is_that_of_the_draws() -> None:
    """Change of variables: log p(x) = log N(noise) - log |dx/dnoise|, by autograd."""
    flow = _flow(5, 2)
    noise = torch.randn(1, 5, dtype=torch.double)
    context = torch.randn(1, 2, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(
        lambda n: flow.draw(n, context)[0], noise
    )[:, 0]
    expected = (
        -0.5 * noise.square().sum()
        - 2.5 * math.log(2 * math.pi)
        - torch.linalg.slogdet(jacobian).logabsdet
    )
    x = flow.draw(noise, context)
    torch.testing.assert_close(flow.log_density(x, context)[0], expected)


def test_it_learns_a_curved_conditional_distribution() -> None:
    """x2 = x1^2 + c + noise: the likelihood comes near the exact entropy."""
    generator = torch.Generator().manual_seed(1)

    def rows(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        draw = torch.randn(n, 3, generator=generator)
        context = draw[:, :1]
        x2 = draw[:, 1].square() + context[:, 0] + 0.3 * draw[:, 2]
        return torch.stack([draw[:, 1], x2], dim=1), context

    train, held = rows(2000), rows(1000)
    torch.manual_seed(0)
    flow = ConditionalFlow(2, 1, width=32)
    how = FlowFit(epochs=40, learning_rate=3e-3)
    found = fit_flow(flow, lambda g: train, lambda g: held, how)
    exact = -(1 + math.log(2 * math.pi)) - math.log(0.3)
    gaussian = -(1 + math.log(2 * math.pi)) - 0.5 * math.log(2 + 0.09)
    assert found > exact - 0.25 * (exact - gaussian)
    assert found < exact + 5 / math.sqrt(1000)


def test_the_box_is_kept() -> None:
    barriers = torch.rand(50, 15)
    box = Box.of(barriers)
    torch.testing.assert_close(
        box.inside(box.free(barriers)), barriers, rtol=0, atol=2e-3
    )
    far = box.inside(torch.full((1, 15), 50.0))
    assert (far <= box.high + 1e-6).all()
