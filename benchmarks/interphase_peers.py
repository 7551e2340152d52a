"""Peers of the interphase model: the last value, a plain LSTM, a Gaussian process."""

from __future__ import annotations

from typing import Any

import gpytorch
import torch
from torch import Tensor, nn

from bigloop.models.interphase import Records


def last_value(given: Records) -> Tensor:
    """Each channel's last reading, ever after; 0 before the first. `n x T x C`."""
    return filled(given)[0]


def filled(records: Records) -> tuple[Tensor, Tensor]:
    """Last reading and how long ago it was made, `n x T x C` each."""
    value = torch.zeros_like(records.values[:, 0])
    since = torch.zeros_like(value)
    values, sinces, before = [], [], torch.zeros_like(records.ages[:, :1])
    for t in range(records.ages.shape[1]):
        now, told = records.ages[:, t : t + 1], records.mask[:, t] > 0
        value = torch.where(told, records.values[:, t], value)
        since = torch.where(told, torch.zeros_like(since), since + now - before)
        before = now
        values.append(value)
        sinces.append(since)
    return torch.stack(values, 1), torch.stack(sinces, 1)


def plain_lstm(
    train: Records, given: Records, half: int, seed: int, steps: int = 1500
) -> Tensor:
    """One step ahead by least squares with its teacher, then fed its own forecasts.

    Inputs: what was read last, whether just now, conditions and length of the next
    step, configuration, age.
    """
    torch.manual_seed(seed)
    C, spread = train.values.shape[-1], _spread(train)
    net = _Ahead(_context(train).shape[-1] + 2 * C, C)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    values = filled(train)[0] / spread
    for _ in range(steps):
        rows = torch.randint(0, len(values), (64,))
        guess = net(values[rows], train.mask[rows], _scale(train, train)[rows])
        error = (guess - train.values[rows] / spread) * train.mask[rows]
        optimiser.zero_grad()
        (error.square().sum() / train.mask[rows].sum()).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return (
            net.alone(filled(given)[0] / spread, given.mask, _scale(given, train), half)
            * spread
        )


class _Ahead(nn.Module):  # type: ignore[misc]
    """An LSTM from what was read up to a step to the level at its end."""

    def __init__(self, width: int, C: int) -> None:
        super().__init__()
        self.core = nn.LSTM(width, 32, batch_first=True)
        self.out = nn.Linear(32, C)

    def forward(self, values: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        before = [
            torch.cat([torch.zeros_like(p[:, :1]), p[:, :-1]], 1)
            for p in (values, mask)
        ]
        states, _ = self.core(torch.cat([*before, context], -1))
        return self._level(states, before[0])

    def alone(self, values: Tensor, mask: Tensor, context: Tensor, half: int) -> Tensor:
        value, told, memory = (
            torch.zeros_like(values[:, 0]),
            torch.zeros_like(mask[:, 0]),
            None,
        )
        levels = []
        for t in range(values.shape[1]):
            now = torch.cat([value, told, context[:, t]], -1)[:, None]
            states, memory = self.core(now, memory)
            level = self._level(states[:, 0], value)
            levels.append(level)
            if t < half:
                value, told = values[:, t], mask[:, t]
            else:
                value, told = level, torch.ones_like(told)
        return torch.stack(levels, 1)

    def _level(self, states: Tensor, before: Tensor) -> Tensor:
        found: Tensor = before + self.out(states)
        return found


def gaussian_process(
    train: Records, given: Records, half: int, seed: int, most: int = 600
) -> Tensor:
    """Each channel's level at a later age, from all that is known at half a life.

    Inputs: configuration, last reading of every channel and its age, the age asked for,
    mean condition before and after. It is trained on what half lives led to; exact
    inference, squared exponential with a length of its own for each input, linear mean.
    """
    X, at = _features(train, half), _features(given, half)
    centre, width = X.mean((0, 1)), X.std((0, 1)).clamp_min(1e-6)
    X, at = (X - centre) / width, (at - centre) / width
    guess = last_value(given)
    for c in range(train.values.shape[-1]):
        told = train.mask[:, half:, c] > 0
        x, y = X[told], train.values[:, half:, c][told]
        pick = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))[
            :most
        ]
        guess[:, half:, c] = _process(x[pick], y[pick], at.flatten(0, 1)).reshape(
            at.shape[:2]
        )
    return guess


def _features(records: Records, half: int) -> Tensor:
    """`n x (T - half) x d`."""
    early = records.until(records.ages[:, half - 1 : half])
    value, since = (part[:, half - 1] for part in filled(early))
    n, later = len(records), records.ages.shape[1] - half
    steps = torch.cat([records.ages[:, :1], records.ages.diff(dim=1)], 1)[..., None]
    dose = (records.conditions * steps).cumsum(1)
    past = dose[:, half - 1] / records.ages[:, half - 1 : half]
    left = records.ages[:, half:, None] - records.ages[:, half - 1 : half, None]
    coming = (dose[:, half:] - dose[:, half - 1 : half]) / left
    fixed = torch.cat(
        [records.configuration, value, since, records.ages[:, half - 1 : half], past], 1
    )
    return torch.cat([fixed[:, None].expand(n, later, -1), left, coming], -1)


class _Exact(gpytorch.models.ExactGP):  # type: ignore[misc]
    def __init__(self, x: Tensor, y: Tensor, likelihood: Any) -> None:
        super().__init__(x, y, likelihood)
        self.mean = gpytorch.means.LinearMean(x.shape[-1])
        self.kernel = gpytorch.kernels.ScaleKernel(
            gpytorch.kernels.RBFKernel(ard_num_dims=x.shape[-1])
        )

    def forward(self, x: Tensor) -> Any:
        return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))


def _process(x: Tensor, y: Tensor, at: Tensor, steps: int = 120) -> Tensor:
    x, at = x.double(), at.double()
    centre, width = y.mean(), y.std()
    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    model = _Exact(x, ((y - centre) / width).double(), likelihood).double()
    bound = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.08)
    model.train()
    with gpytorch.settings.fast_computations(False, False, False):
        for _ in range(steps):
            optimiser.zero_grad()
            (-bound(model(x), model.train_targets)).backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            found = model(at).mean
    return (found * width + centre).float()


def _context(records: Records) -> Tensor:
    """Conditions, length and end of every step, and the configuration."""
    steps = torch.cat([records.ages[:, :1], records.ages.diff(dim=1)], 1)
    fixed = records.configuration[:, None].expand(-1, steps.shape[1], -1)
    ages = torch.stack([steps, records.ages], -1)
    return torch.cat([records.conditions, ages, fixed], -1)


def _scale(records: Records, train: Records) -> Tensor:
    known = _context(train)
    return (_context(records) - known.mean((0, 1))) / known.std((0, 1)).clamp_min(1e-6)


def _spread(records: Records) -> Tensor:
    return (records.values.square().sum((0, 1)) / records.mask.sum((0, 1))).sqrt()
