from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bigloop.agents.batches import NO_BATCH
from bigloop.agents.covariance import Hyperparameters, covariance, variance
from bigloop.agents.items import LATENT, Items, latent
from bigloop.agents.likelihood import Likelihood
from bigloop.agents.prior import Prior
from bigloop.agents.source_model import SourceModel


def items(
    x: torch.Tensor,
    channel: list[int] | None = None,
    specimen: list[int] | None = None,
    is_estimate: list[bool] | None = None,
    common: torch.Tensor | None = None,
    noise: torch.Tensor | None = None,
    batch: list[int] | None = None,
) -> Items:
    n = len(x)
    return Items(
        x=x.double(),
        channel=torch.tensor(channel or [0] * n),
        specimen=torch.tensor(specimen if specimen is not None else list(range(n))),
        batch=torch.tensor(batch or [NO_BATCH] * n),
        is_estimate=torch.tensor(is_estimate or [False] * n),
        noise=torch.zeros(n).double() if noise is None else noise,
        common=torch.zeros(n, 0).double() if common is None else common.double(),
    )


def some(n_channels: int = 2, s: int = 3, d: int = 2) -> Hyperparameters:
    prior = Prior(d, n_channels, batched=range(n_channels))
    torch.manual_seed(1)
    theta = prior.mean + prior.sd * torch.randn(s, len(prior.mean)).double()
    return prior.unpack(theta)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_the_covariance_is_one(seed: int) -> None:
    """Positive semi-definite for any mix of channels, specimens and estimates."""
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(5, 2, generator=g).repeat(2, 1)
    mixed = items(
        x,
        channel=torch.randint(0, 2, (10,), generator=g).tolist(),
        specimen=(torch.randint(0, 6, (10,), generator=g) + LATENT).tolist(),
        is_estimate=(torch.rand(10, generator=g) > 0.5).tolist(),
        batch=(torch.randint(0, 3, (10,), generator=g) + NO_BATCH).tolist(),
    )
    h = some()
    matrix = covariance(mixed, mixed, h)
    assert torch.allclose(matrix, matrix.mT)
    assert torch.linalg.eigvalsh(matrix).min() > -1e-8 * float(matrix.max())
    assert torch.allclose(matrix.diagonal(dim1=-2, dim2=-1), variance(mixed, h))


def mixed(n: int = 14) -> tuple[Items, torch.Tensor]:
    """Items of three channels with replicates, estimates, specimens and known noise.

    Of three batches in the first and the last channel.
    """
    g = torch.Generator().manual_seed(5)
    x = torch.rand(n, 2, generator=g).double()
    x[3], x[7] = x[0], x[2]
    found = items(
        x,
        channel=[0, 1, 2, 0, 0, 1, 0, 0, 2, 1, 0, 0, 2, 1],
        specimen=[0, 0, 1, 2, 3, 3, 4, 5, 6, 7, 4, 8, 6, 9],
        is_estimate=[i in (0, 3, 6) for i in range(n)],
        noise=0.1 * torch.rand(n, generator=g).double(),
        batch=[0, -1, 0, 1, 1, -1, 0, 2, 1, -1, 0, 2, 1, -1],
    )
    return found, torch.randn(n, generator=g).double()


@pytest.mark.parametrize("batched", [(), (0,), (0, 2)])
@pytest.mark.parametrize("is_coupled", [True, False])
def test_the_likelihood_is_that_of_a_gaussian(
    is_coupled: bool, batched: tuple[int, ...]
) -> None:
    """The same number as from the covariance of the model and torch's own density."""
    data, y = mixed()
    prior = Prior(2, 3, batched=batched)
    theta = prior.mean + 0.3 * torch.randn(len(prior.mean), dtype=torch.float64)
    h = prior.unpack(theta.unsqueeze(0), is_coupled)
    cov = covariance(data, data, h) + torch.diag(data.noise + 1e-6)
    zero = torch.zeros(len(y), dtype=torch.float64)
    expected = torch.distributions.MultivariateNormal(zero, cov).log_prob(y)
    expected = expected + prior.log_density(theta.unsqueeze(0))
    found = Likelihood(data, y.numpy(), prior, is_coupled).log_posterior(theta.numpy())
    assert found == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("batched", [(), (0,), (0, 2)])
@pytest.mark.parametrize("is_coupled", [True, False])
def test_the_gradient_is_that_of_the_likelihood(
    is_coupled: bool, batched: tuple[int, ...]
) -> None:
    data, y = mixed()
    prior = Prior(2, 3, batched=batched)
    likelihood = Likelihood(data, y.numpy(), prior, is_coupled)
    theta = prior.mean.numpy() + 0.1
    _, gradient = likelihood.loss(theta)
    for i in range(len(theta)):
        step = np.zeros(len(theta))
        step[i] = 1e-5
        up, down = likelihood.loss(theta + step)[0], likelihood.loss(theta - step)[0]
        assert gradient[i] == pytest.approx((up - down) / 2e-5, abs=1e-5)


def test_replicates_tell_noise_from_design() -> None:
    """Planted specimen noise of 0.3 is found from 8 designs with 5 replicates each."""
    g = torch.Generator().manual_seed(4)
    x = torch.rand(8, 1, generator=g).double().repeat_interleave(5, 0)
    y = torch.sin(6 * x[:, 0]) + 0.3 * torch.randn(40, generator=g).double()
    y = (y - y.mean()) / (scale := y.std())
    model = SourceModel(items(x), y, 1)
    found = float(model.average(model.h.noise[:, 0]).sqrt() * scale)
    # The sd of 32 residual degrees of freedom has a relative error of 1/8; 3 of them.
    assert found == pytest.approx(0.3, rel=3 / 8)


def test_the_posterior_covers_what_it_has_not_seen() -> None:
    """90 % intervals of the latent mean on 40 random functions of the model's kind."""
    hits, n = 0, 0
    for seed in range(40):
        g = torch.Generator().manual_seed(seed)
        a, b, c = torch.rand(3, generator=g).double()
        x = torch.rand(14, 1, generator=g).double()

        def f(
            t: torch.Tensor, a: float = a, b: float = b, c: float = c
        ) -> torch.Tensor:
            return torch.sin(2 + 4 * a * t) + b * torch.cos(7 * t + 6 * c)

        y = f(x[:, 0]) + 0.1 * torch.randn(14, generator=g).double()
        center, scale = y.mean(), y.std()
        model = SourceModel(items(x), (y - center) / scale, 1)
        at = torch.rand(5, 1, generator=g).double()
        where = latent(at, 0)
        mean = model.average(model.mean(where))
        second = model.average(model.variance(where) + model.mean(where).square())
        sd = (second - mean.square()).sqrt()
        truth = (f(at[:, 0]) - center) / scale
        hits += int(((truth - mean).abs() < 1.645 * sd).sum())
        n += 5
    # Points of one function share their error: 40 functions, 3 binomial deviations.
    assert hits / n > 0.9 - 3 * math.sqrt(0.9 * 0.1 / 40)


def test_believing_a_result_leaves_means_and_lowers_variances() -> None:
    x = torch.rand(6, 2, generator=torch.Generator().manual_seed(2))
    y = torch.tensor([0.1, 0.9, -0.4, 0.2, 1.1, -0.8], dtype=torch.float64)
    model = SourceModel(items(x), y, 1)
    new = items(torch.tensor([[0.5, 0.5]]), specimen=[77])
    after = model.believe(new)
    at = latent(
        torch.rand(9, 2, generator=torch.Generator().manual_seed(3)).double(), 0
    )
    assert torch.allclose(after.mean(at), model.mean(at), atol=1e-6)
    assert (after.variance(at) <= model.variance(at) + 1e-9).all()
    assert (after.variance(new) < 0.5 * model.variance(new)).all()


def test_shared_errors_of_estimates_do_not_average_out() -> None:
    """Twenty estimates that are all wrong together leave the shared error."""
    x = torch.full((20, 1), 0.5)
    g = torch.Generator().manual_seed(0)
    y = 0.05 * torch.randn(20, generator=g).double()
    alone = items(x, is_estimate=[True] * 20, common=torch.zeros(20, 1))
    together = items(x, is_estimate=[True] * 20, common=torch.full((20, 1), 0.8))
    at = latent(torch.full((1, 1), 0.5).double(), 1)
    free, shared = SourceModel(alone, y, 1), SourceModel(together, y, 1)
    gained = float(
        (shared.average(shared.variance(at)) - free.average(free.variance(at)))[0]
    )
    assert gained == pytest.approx(0.8**2, rel=0.15)


def test_botorch_acquisition_takes_the_model() -> None:
    from botorch.acquisition import LogExpectedImprovement
    from botorch.optim import optimize_acqf

    x = torch.linspace(0, 1, 7).unsqueeze(-1).double()
    y = -(8 * (x[:, 0] - 0.62).square())
    model = SourceModel(items(x), (y - y.mean()) / y.std(), 1)
    best = ((y - y.mean()) / y.std()).max()
    point, _ = optimize_acqf(
        LogExpectedImprovement(model, best_f=best),
        bounds=torch.tensor([[0.0], [1.0]]).double(),
        q=1,
        num_restarts=2,
        raw_samples=16,
    )
    assert abs(float(point) - 0.62) < 0.15
