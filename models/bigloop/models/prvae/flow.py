"""A distribution that depends on a context: a normalising flow of affine couplings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from bigloop.contracts import DivergenceError
from bigloop.models.prvae.data import batches

_LARGEST = 2.0
"""Of a log-scale in one coupling: seven-fold, so that no draw leaves the data far."""


class ConditionalFlow(nn.Module):  # type: ignore[misc]
    """Density of `n x d` values given `n x c` contexts [Dinh2017]_.

    First a Gaussian whose mean and spread follow from the context, then couplings, each
    of which moves one half of the values by what the other half and the context say.

    .. [Dinh2017] L. Dinh et al., ICLR 2017: density estimation using Real NVP.
    """

    order: Tensor

    def __init__(
        self, d: int, context: int, n_layers: int = 6, width: int = 128
    ) -> None:
        super().__init__()
        self.d, self.kept = d, d // 2
        self.first = _mlp((context, width, width, 2 * d))
        self.couplings = nn.ModuleList(
            _mlp((self.kept + context, width, width, 2 * (d - self.kept)))
            for _ in range(n_layers)
        )
        turned = [
            torch.arange(d).roll(self.kept * (i % 2) + i // 2) for i in range(n_layers)
        ]
        self.register_buffer("order", torch.stack(turned))

    def log_density(self, values: Tensor, context: Tensor) -> Tensor:
        """Log density of each row, `n` [nat]."""
        x, total = values, torch.zeros_like(values[:, 0])
        for layer, order in zip(self.couplings, self.order, strict=True):
            kept, moved = x[:, order].split((self.kept, self.d - self.kept), dim=1)
            shift, log_scale = _affine(layer, torch.cat([kept, context], dim=1))
            x = torch.cat([kept, (moved - shift) * (-log_scale).exp()], dim=1)
            total = total - log_scale.sum(dim=1)
        shift, log_scale = _affine(self.first, context)
        noise = (x - shift) * (-log_scale).exp()
        unit = -0.5 * (noise.square() + 1.8378770664093453).sum(dim=1)
        return unit + total - log_scale.sum(dim=1)

    def draw(self, noise: Tensor, context: Tensor) -> Tensor:
        """Values that Gaussian noise `n x d` becomes; gradients reach the context."""
        shift, log_scale = _affine(self.first, context)
        x = shift + noise * log_scale.exp()
        pairs = list(zip(self.couplings, self.order, strict=True))
        for layer, order in reversed(pairs):
            kept, moved = x.split((self.kept, self.d - self.kept), dim=1)
            shift, log_scale = _affine(layer, torch.cat([kept, context], dim=1))
            x = torch.cat([kept, moved * log_scale.exp() + shift], dim=1)
            x = x[:, torch.argsort(order)]
        return x


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFit:
    """How a flow is trained."""

    epochs: int = 150
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    patience: int = 15
    seed: int = 0


Source = Callable[[torch.Generator | None], tuple[Tensor, Tensor]]
"""Values and contexts of all rows; with a generator drawn anew, without one fixed."""


def fit_flow(
    flow: ConditionalFlow,
    train: Source,
    validation: Source,
    how: FlowFit,
    is_stopped: Callable[[], bool] = lambda: False,
) -> float:
    """Maximum likelihood with early stopping; the validation log density [nat].

    Raises:
        DivergenceError: the likelihood is not finite.
    """
    generator = torch.Generator().manual_seed(how.seed)
    optimizer = torch.optim.AdamW(
        flow.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, how.epochs)
    held, held_context = validation(None)
    best, since, weights = -torch.inf, 0, _copied(flow)
    for _ in range(how.epochs):
        values, context = train(generator)
        for at in batches(len(values), how.batch):
            order = torch.randperm(len(values), generator=generator)
            rows = order[at].to(values.device)
            optimizer.zero_grad(set_to_none=True)
            (-flow.log_density(values[rows], context[rows]).mean()).backward()
            nn.utils.clip_grad_norm_(flow.parameters(), 10.0)
            optimizer.step()
        schedule.step()
        with torch.no_grad():
            found = float(flow.log_density(held, held_context).mean())
        if found != found:
            raise DivergenceError(
                "training: the density of a flow is not a number; give a smaller "
                "learning rate or more rows"
            )
        since = 0 if found > best else since + 1
        if found > best:
            best, weights = found, _copied(flow)
        if since >= how.patience or is_stopped():
            break
    flow.load_state_dict(weights)
    return float(best)


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in module.state_dict().items()}


def _affine(layer: nn.Module, given: Tensor) -> tuple[Tensor, Tensor]:
    shift, log_scale = layer(given).chunk(2, dim=1)
    return shift, _LARGEST * torch.tanh(log_scale / _LARGEST)


def _mlp(widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.SiLU()]
    last = layers[-2]
    assert isinstance(last, nn.Linear)
    # A coupling begins as the identity: the Gaussian is learned first.
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers[:-1])
