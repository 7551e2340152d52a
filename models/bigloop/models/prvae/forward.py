"""What runs at barriers come to: an ensemble from barriers to properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bigloop.models.prvae import loss
from bigloop.models.prvae.data import batches
from bigloop.models.prvae.tensors import Rows

_WIDTH, _DROPOUT = 128, 0.1
_LOG_VARIANCE = (-8.0, 4.0)


class Forward(nn.Module):  # type: ignore[misc]
    """Members that each give a Gaussian over the standardised properties."""

    def __init__(self, n_barriers: int, k: int, n_members: int = 3) -> None:
        super().__init__()
        self.members = nn.ModuleList(_member(n_barriers, k) for _ in range(n_members))

    def forward(self, barriers: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, `members x n x k` each, at standardised barriers."""
        parts = [member(barriers).chunk(2, dim=1) for member in self.members]
        means, log_variances = zip(*parts, strict=True)
        return torch.stack(means), torch.stack(log_variances).clamp(*_LOG_VARIANCE)

    def moments(self, barriers: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of a single run, `n x k` each, standardised."""
        means, log_variances = self(barriers)
        variance = log_variances.exp().mean(0) + means.var(0)
        return means.mean(0), variance.sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardFit:
    """How it is trained."""

    epochs: int = 60
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    seed: int = 0


def fit_forward(
    train: Rows,
    validation: Rows,
    how: ForwardFit,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Forward | None:
    """Train the members one after the other, each left at its best epoch.

    None where too few rows have both barriers and properties.
    """
    train, validation = (_with_both(rows) for rows in (train, validation))
    if min(len(train), len(validation)) < 2:
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        made = Forward(train.barriers.shape[1], train.properties.shape[1])
        made.to(train.barriers.device)
        for member in made.members:
            _fit_member(member, train, validation, how, is_stopped)
    made.eval()
    return made


def _fit_member(
    member: nn.Module,
    train: Rows,
    validation: Rows,
    how: ForwardFit,
    is_stopped: Callable[[], bool],
) -> None:
    optimizer = torch.optim.AdamW(
        member.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, how.epochs)
    best, weights = float("inf"), member.state_dict()
    for _ in range(how.epochs):
        member.train()
        order = torch.randperm(len(train))
        for at in batches(len(train), how.batch):
            rows = order[at].to(train.barriers.device)
            optimizer.zero_grad(set_to_none=True)
            _likelihood(member, train.take(rows)).backward()
            optimizer.step()
        schedule.step()
        member.eval()
        with torch.no_grad():
            mean = member(validation.barriers).chunk(2, dim=1)[0][None]
            found = float(
                loss.half_squared_error(
                    mean, validation.properties, validation.has_properties
                )
            )
        if found < best:
            best = found
            weights = {k: v.clone() for k, v in member.state_dict().items()}
        if is_stopped():
            break
    member.load_state_dict(weights)


def _likelihood(member: nn.Module, rows: Rows) -> Tensor:
    mean, log_variance = member(rows.barriers).chunk(2, dim=1)
    clamped = log_variance.clamp(*_LOG_VARIANCE)
    return loss.regression(
        mean[None], clamped[None], rows.properties, rows.has_properties
    )


def _with_both(rows: Rows) -> Rows:
    both = rows.has_barriers & rows.has_properties.any(dim=1)
    return rows.take(torch.nonzero(both)[:, 0])


def _member(n_barriers: int, k: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_barriers, _WIDTH),
        nn.SiLU(),
        nn.Dropout(_DROPOUT),
        nn.Linear(_WIDTH, _WIDTH),
        nn.SiLU(),
        nn.Dropout(_DROPOUT),
        nn.Linear(_WIDTH, _WIDTH),
        nn.SiLU(),
        nn.Linear(_WIDTH, 2 * k),
    )
